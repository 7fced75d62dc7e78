using System.Numerics;
using System.Runtime.CompilerServices;
using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>Reads what was committed; each reading is one statement, and so of one state.</summary>
internal sealed class LedgerReader(ConnectionSource source, PostgresStoreOptions options)
{
    // The nodes' shares are summed up here.
    private const string Totals = """
        SELECT owner, sku, hour, sum(quantity), sum(records)::bigint FROM usage_total
        WHERE hour >= $1 AND hour < $2 GROUP BY owner, sku, hour ORDER BY owner, sku, hour
        """;

    private const string Rejections = """
        SELECT owner, reason, hour, sum(records)::bigint FROM usage_rejection
        WHERE hour >= $1 AND hour < $2 GROUP BY owner, reason, hour ORDER BY owner, reason, hour
        """;

    private const string Records = """
        SELECT uuid, owner, sku, quantity, timestamp_unix_nanoseconds, accepted_unix_nanoseconds, account, request FROM usage_record
        """;

    /// <summary>Records by their uuids.</summary>
    public const string RecordsByUuid = """
        SELECT uuid, owner, sku, quantity, timestamp_unix_nanoseconds, accepted_unix_nanoseconds, account, request FROM usage_record
        WHERE uuid = ANY($1)
        """;

    /// <summary>See <see cref="ILedger.ReadTotalsAsync"/>.</summary>
    public IAsyncEnumerable<HourTotal> ReadTotalsAsync(HourRange range, CancellationToken cancellationToken) =>
        ReadAsync(Totals, range, Total, options.ReadTime, cancellationToken);

    /// <summary>See <see cref="ILedger.ReadRejectionsAsync"/>.</summary>
    public IAsyncEnumerable<HourRejections> ReadRejectionsAsync(HourRange range, CancellationToken cancellationToken) => ReadAsync(
        Rejections,
        range,
        row => new HourRejections(row.GetInt32(0), (Verdict)row.GetInt16(1), row.GetInt64(2), row.GetInt64(3)),
        options.ReadTime,
        cancellationToken);

    /// <summary>See <see cref="ILedger.ReadRecordsAsync"/>; it takes as long as it takes.</summary>
    public IAsyncEnumerable<CountedRecord> ReadRecordsAsync(CancellationToken cancellationToken) =>
        ReadAsync(Records, null, Record, TimeSpan.Zero, cancellationToken);

    /// <summary>Those of the records that are counted, in any order.</summary>
    public IAsyncEnumerable<CountedRecord> FindRecordsAsync(Guid[] uuids, CancellationToken cancellationToken) =>
        ReadAsync(RecordsByUuid, null, Record, TimeSpan.Zero, cancellationToken, new NpgsqlParameter<Guid[]> { TypedValue = uuids });

    /// <summary>What went wrong with a reading, in words.</summary>
    public static StoreException BrokenOff(ConnectionSource source, NpgsqlException fault) => new(
        $"PostgreSQL at {source.Text.Place} broke the reading off: {Faults.Describe(fault).TrimEnd('.')}. Try again.", fault) { IsOutage = true };

    /// <summary>The record in a row.</summary>
    public static CountedRecord Record(NpgsqlDataReader row) => new(
        RecordUuid.FromGuid(row.GetGuid(0)), row.GetInt32(1), row.GetInt32(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5), row.GetInt32(6),
        row.GetGuid(7));

    private static HourTotal Total(NpgsqlDataReader row) =>
        new(row.GetInt32(0), row.GetInt32(1), row.GetInt64(2), (Int128)row.GetFieldValue<BigInteger>(3), row.GetInt64(4));

    private async IAsyncEnumerable<T> ReadAsync<T>(
        string sql, HourRange? range, Func<NpgsqlDataReader, T> row, TimeSpan longest, [EnumeratorCancellation] CancellationToken cancellationToken,
        params NpgsqlParameter[] parameters)
    {
        await using NpgsqlConnection connection = await source.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = (int)Math.Ceiling(longest.TotalSeconds) };
        command.Parameters.AddRange(parameters);
        if (range is { } hours)
        {
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = hours.FromHour });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = hours.ToHour });
        }

        await using NpgsqlDataReader reader = await Said(command.ExecuteReaderAsync(cancellationToken));
        while (await Said(reader.ReadAsync(cancellationToken)))
            yield return row(reader);
    }

    private async Task<T> Said<T>(Task<T> step)
    {
        try
        {
            return await step;
        }
        catch (NpgsqlException fault)
        {
            throw BrokenOff(source, fault);
        }
    }
}
