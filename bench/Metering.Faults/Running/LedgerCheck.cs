using Metering.Ledger;
using Metering.Ledger.Sqlite;

namespace Metering.Faults;

/// <summary>
/// What a ledger on disk says of the records that its server acknowledged: none lost, none counted twice, and the totals
/// are the sums of the records, as the product's own verification finds and as added up here once more.
/// </summary>
internal sealed record LedgerCheck(
    long Records, IReadOnlyList<UInt128> Lost, long CountedTwice, long AcknowledgedTwice, IReadOnlyList<string> Differences)
{
    public bool IsSound => Lost.Count == 0 && CountedTwice == 0 && AcknowledgedTwice == 0 && Differences.Count == 0;

    public override string ToString() =>
        $"{Records} records; of those acknowledged {Lost.Count} lost{string.Concat(Lost.Take(3).Select(uuid => $" {RecordUuid.Format(uuid)}"))}, "
        + $"{CountedTwice} counted twice, {AcknowledgedTwice} acknowledged twice; {Differences.Count} differences"
        + string.Concat(Differences.Take(5).Select(difference => "\n  " + difference));

    /// <summary>Reads the whole ledger. No server may be using it.</summary>
    /// <param name="ledgerFile">The ledger; opening it recovers it.</param>
    /// <param name="acknowledged">What must be in it.</param>
    /// <param name="changes">How the store behaved, so that its index is continued as it was.</param>
    public static async Task<LedgerCheck> RunAsync(string ledgerFile, IEnumerable<UInt128> acknowledged, StoreChanges? changes = null)
    {
        if (!File.Exists(ledgerFile))
            throw new FaultsException($"There is no ledger {ledgerFile}.");
        var options = new SqliteStoreOptions(ledgerFile);
        await using SqliteStore store = SqliteStore.Open(changes?.Apply(options) ?? options, TimeProvider.System);
        LedgerVerification verification = await store.Ledger.VerifyAsync(CancellationToken.None);
        var differences = new List<string>(verification.Differences);
        var counted = new List<UInt128>();
        var sums = new Dictionary<(int Owner, int Sku, long Hour), (Int128 Quantity, long Records)>();
        try
        {
            await foreach (CountedRecord record in store.Ledger.ReadRecordsAsync(CancellationToken.None))
            {
                counted.Add(record.Uuid);
                (int, int, long) key = (record.OwnerKey, record.SkuKey, HourRange.HourOf(record.TimestampUnixNanoseconds));
                (Int128 quantity, long records) = sums.GetValueOrDefault(key);
                sums[key] = (quantity + record.Quantity, records + 1);
            }
        }
        catch (StoreException damage)
        {
            differences.Add(damage.Message);
        }

        await foreach (HourTotal total in store.Ledger.ReadTotalsAsync(HourRange.All, CancellationToken.None))
        {
            if (!sums.Remove((total.OwnerKey, total.SkuKey, total.Hour), out (Int128, long) sum) || sum != (total.Quantity, total.Records))
                differences.Add($"{total}, but the records give {sum}.");
        }

        differences.AddRange(sums.Keys.Select(key => $"No total for {key}."));
        UInt128[] inLedger = [.. counted.Order()];
        UInt128[] expected = [.. acknowledged.Order()];
        return new LedgerCheck(counted.Count, Missing(expected, inLedger), Repeats(inLedger), Repeats(expected), differences);
    }

    private static List<UInt128> Missing(UInt128[] expected, UInt128[] present)
    {
        var missing = new List<UInt128>();
        int at = 0;
        foreach (UInt128 uuid in expected)
        {
            while (at < present.Length && present[at] < uuid)
                at++;
            if (at == present.Length || present[at] != uuid)
                missing.Add(uuid);
        }

        return missing;
    }

    private static long Repeats(UInt128[] sorted)
    {
        long repeats = 0;
        for (int index = 1; index < sorted.Length; index++)
            repeats += sorted[index] == sorted[index - 1] ? 1 : 0;
        return repeats;
    }
}
