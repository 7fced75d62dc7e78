using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Metering.Ledger.Sqlite;

/// <summary>Reads what was committed, each call on a connection of its own, beside the writer.</summary>
internal sealed class LedgerReader(StoreFile file, TimeSpan lifetime, TimeProvider time)
{
    /// <summary>See <see cref="ILedger.ReadTotalsAsync"/>.</summary>
    public IAsyncEnumerable<HourTotal> ReadTotalsAsync(HourRange range, CancellationToken cancellationToken) => ReadAsync(
        "SELECT owner, sku, hour, quantity, records FROM hour_total WHERE hour >= ?1 AND hour < ?2 ORDER BY owner, sku, hour",
        range,
        Total,
        cancellationToken);

    /// <summary>See <see cref="ILedger.ReadRejectionsAsync"/>.</summary>
    public IAsyncEnumerable<HourRejections> ReadRejectionsAsync(HourRange range, CancellationToken cancellationToken) => ReadAsync(
        "SELECT owner, reason, hour, records FROM hour_rejection WHERE hour >= ?1 AND hour < ?2 ORDER BY owner, reason, hour",
        range,
        row => new HourRejections((int)row.Number(0), (Verdict)row.Number(1), row.Number(2), row.Number(3)),
        cancellationToken);

    /// <summary>
    /// See <see cref="ILedger.ReadRecordsAsync"/>. Batches never change until they are archived, so the state is fixed by the
    /// number of the last one: each is read by itself, and however slow the reader is, it holds up nothing.
    /// </summary>
    public async IAsyncEnumerable<CountedRecord> ReadRecordsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using Database database = file.Read(() => file.Connect(forWriting: false));
        using BatchCursor batches = file.Read(() => new BatchCursor(
            database, ArchiveNote.LastArchived(database) + 1, database.QueryNumber("SELECT max(number) FROM batch")));
        var records = new List<CountedRecord>();
        while (await Task.Run(() => NextBatch(batches, records), cancellationToken))
        {
            foreach (CountedRecord record in records)
                yield return record;
        }
    }

    private static bool NextBatch(BatchCursor batches, List<CountedRecord> records)
    {
        records.Clear();
        if (!batches.Next())
            return false;
        BatchReader reader = batches.Read();
        while (reader.Next(out CountedRecord record))
            records.Add(record);
        return true;
    }

    /// <summary>A row of hourly totals: owner, sku, hour, quantity, records.</summary>
    internal static HourTotal Total(Statement row)
    {
        ReadOnlySpan<byte> quantity = row.Bytes(3);
        if (quantity.Length != 16)
        {
            string total = $"owner {row.Number(0)}, SKU {row.Number(1)}, hour {row.Number(2)}";
            throw new StoreException($"The total of {total} is damaged. Restore the ledger from a backup.");
        }

        return new HourTotal(
            (int)row.Number(0), (int)row.Number(1), row.Number(2), BinaryPrimitives.ReadInt128BigEndian(quantity), row.Number(4));
    }

    private ReadSession<T> Start<T>(string sql, HourRange range, Func<Statement, T> row)
    {
        Database database = file.Connect(forWriting: false);
        Statement statement = database.Prepare(sql).Bind(1, range.FromHour).Bind(2, range.ToHour);
        return new ReadSession<T>(database, statement, row, lifetime, time);
    }

    private async IAsyncEnumerable<T> ReadAsync<T>(
        string sql, HourRange range, Func<Statement, T> row, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using ReadSession<T> session = file.Read(() => Start(sql, range, row));
        var chunk = new List<T>();
        bool isMore;
        do
        {
            isMore = await Task.Run(() => session.Fill(chunk), cancellationToken);
            foreach (T item in chunk)
                yield return item;
        }
        while (isMore);
    }
}
