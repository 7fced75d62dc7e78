using System.Numerics;
using Metering.Ledger;
using Npgsql;

namespace Metering.Faults;

/// <summary>
/// What the tables say of the records whose senders were answered, as of one moment while clients may go on sending: read
/// with nothing of the product's own code.
/// </summary>
/// <param name="Records">Records in the table.</param>
/// <param name="Lost">Records that were answered as accepted or as DUPLICATE, and are not there.</param>
/// <param name="Foreign">Records that are there and that nobody sent.</param>
/// <param name="Differences">Records that are not what was sent, and totals that are not the sums of the records.</param>
internal sealed record TableCheck(long Records, IReadOnlyList<UInt128> Lost, long Foreign, IReadOnlyList<string> Differences)
{
    private const long HourNanoseconds = 3_600_000_000_000;

    public bool IsSound => Lost.Count == 0 && Foreign == 0 && Differences.Count == 0;

    public override string ToString() =>
        $"{Records} records; of those confirmed {Lost.Count} lost{string.Concat(Lost.Take(3).Select(uuid => $" {RecordUuid.Format(uuid)}"))}; "
        + $"{Foreign} that nobody sent; {Differences.Count} differences" + string.Concat(Differences.Take(5).Select(difference => "\n  " + difference));

    /// <summary>Reads the tables.</summary>
    /// <param name="server">The database.</param>
    /// <param name="written">What was heard; whatever is confirmed at this moment must be there.</param>
    /// <param name="schema">Where the tables are.</param>
    public static async Task<TableCheck> RunAsync(DatabaseServer server, WrittenRecords written, string schema = "metering")
    {
        UInt128[] confirmed = written.ToConfirmed();
        await using NpgsqlConnection connection = await server.OpenAsync();
        await using NpgsqlTransaction moment = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead);
        var present = new HashSet<UInt128>();
        var differences = new List<string>();
        var sums = new Dictionary<(int Owner, int Sku, long Hour), (BigInteger Quantity, long Records)>();
        await foreach (NpgsqlDataReader row in ReadAsync(
            connection, $"SELECT uuid, owner, sku, quantity, timestamp_unix_nanoseconds FROM {schema}.usage_record"))
        {
            UInt128 uuid = ToNumber(row.GetGuid(0));
            long quantity = row.GetInt64(3);
            if (!present.Add(uuid))
                differences.Add($"{RecordUuid.Format(uuid)} is there twice.");
            if (quantity != WrittenRecords.QuantityOf(uuid))
                differences.Add($"{RecordUuid.Format(uuid)} has quantity {quantity} instead of {WrittenRecords.QuantityOf(uuid)}.");
            (int, int, long) key = (row.GetInt32(1), row.GetInt32(2), row.GetInt64(4) / HourNanoseconds);
            (BigInteger sum, long records) = sums.GetValueOrDefault(key);
            sums[key] = (sum + quantity, records + 1);
        }

        await foreach (NpgsqlDataReader row in ReadAsync(
            connection, $"SELECT owner, sku, hour, sum(quantity), sum(records)::bigint FROM {schema}.usage_total GROUP BY owner, sku, hour"))
        {
            (int, int, long) key = (row.GetInt32(0), row.GetInt32(1), row.GetInt64(2));
            (BigInteger Quantity, long Records) total = (row.GetFieldValue<BigInteger>(3), row.GetInt64(4));
            if (!sums.Remove(key, out (BigInteger, long) sum) || sum != total)
                differences.Add($"The total of {key} is {total}, but the records give {sum}.");
        }

        differences.AddRange(sums.Keys.Select(key => $"No total for {key}."));
        return new TableCheck(
            present.Count, [.. confirmed.Where(uuid => !present.Contains(uuid))], present.LongCount(uuid => !written.IsSent(uuid)), differences);
    }

    private static async IAsyncEnumerable<NpgsqlDataReader> ReadAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = 0 };
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync();
        while (await row.ReadAsync())
            yield return row;
    }

    private static UInt128 ToNumber(Guid uuid)
    {
        Span<byte> bytes = stackalloc byte[16];
        uuid.TryWriteBytes(bytes, bigEndian: true, out _);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }
}
