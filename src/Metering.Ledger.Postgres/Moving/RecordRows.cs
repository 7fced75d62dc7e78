using System.Numerics;
using Npgsql;
using NpgsqlTypes;

namespace Metering.Ledger.Postgres;

/// <summary>Rows of usage in bulk, as COPY sends them.</summary>
internal static class RecordRows
{
    /// <summary>The node whose rows were moved here: no server has this number.</summary>
    public const short Node = -1;

    private const string Records = """
        COPY usage_record(uuid, owner, sku, quantity, timestamp_unix_nanoseconds, accepted_unix_nanoseconds, account, request, lane)
        FROM STDIN (FORMAT BINARY)
        """;

    private const string Totals = "COPY usage_total(owner, sku, hour, node, quantity, records) FROM STDIN (FORMAT BINARY)";

    private const string Rejections = "COPY usage_rejection(owner, reason, hour, node, records) FROM STDIN (FORMAT BINARY)";

    /// <summary>Sends records within the caller's transaction.</summary>
    public static async Task SendAsync(NpgsqlConnection connection, IReadOnlyList<CountedRecord> records, CancellationToken cancellationToken)
    {
        await using NpgsqlBinaryImporter rows = await connection.BeginBinaryImportAsync(Records, cancellationToken);
        await Task.Run(() => Write(rows, records, cancellationToken), cancellationToken);
        await rows.CompleteAsync(cancellationToken);
    }

    /// <summary>Sends totals within the caller's transaction.</summary>
    public static async Task SendAsync(NpgsqlConnection connection, IAsyncEnumerable<HourTotal> totals, CancellationToken cancellationToken)
    {
        await using NpgsqlBinaryImporter rows = await connection.BeginBinaryImportAsync(Totals, cancellationToken);
        await foreach (HourTotal total in totals.WithCancellation(cancellationToken))
        {
            await rows.StartRowAsync(cancellationToken);
            await rows.WriteAsync(total.OwnerKey, NpgsqlDbType.Integer, cancellationToken);
            await rows.WriteAsync(total.SkuKey, NpgsqlDbType.Integer, cancellationToken);
            await rows.WriteAsync(total.Hour, NpgsqlDbType.Bigint, cancellationToken);
            await rows.WriteAsync(Node, NpgsqlDbType.Smallint, cancellationToken);
            await rows.WriteAsync((BigInteger)total.Quantity, NpgsqlDbType.Numeric, cancellationToken);
            await rows.WriteAsync(total.Records, NpgsqlDbType.Bigint, cancellationToken);
        }

        await rows.CompleteAsync(cancellationToken);
    }

    /// <summary>Sends rejections within the caller's transaction.</summary>
    public static async Task SendAsync(NpgsqlConnection connection, IAsyncEnumerable<HourRejections> rejections, CancellationToken cancellationToken)
    {
        await using NpgsqlBinaryImporter rows = await connection.BeginBinaryImportAsync(Rejections, cancellationToken);
        await foreach (HourRejections count in rejections.WithCancellation(cancellationToken))
        {
            await rows.StartRowAsync(cancellationToken);
            await rows.WriteAsync(count.OwnerKey, NpgsqlDbType.Integer, cancellationToken);
            await rows.WriteAsync((short)count.Reason, NpgsqlDbType.Smallint, cancellationToken);
            await rows.WriteAsync(count.Hour, NpgsqlDbType.Bigint, cancellationToken);
            await rows.WriteAsync(Node, NpgsqlDbType.Smallint, cancellationToken);
            await rows.WriteAsync(count.Records, NpgsqlDbType.Bigint, cancellationToken);
        }

        await rows.CompleteAsync(cancellationToken);
    }

    // Not asynchronous, column by column: that would cost more than everything else.
    private static void Write(NpgsqlBinaryImporter rows, IReadOnlyList<CountedRecord> records, CancellationToken cancellationToken)
    {
        foreach (CountedRecord record in records)
        {
            cancellationToken.ThrowIfCancellationRequested();
            rows.StartRow();
            rows.Write(RecordUuid.ToGuid(record.Uuid), NpgsqlDbType.Uuid);
            rows.Write(record.OwnerKey, NpgsqlDbType.Integer);
            rows.Write(record.SkuKey, NpgsqlDbType.Integer);
            rows.Write(record.Quantity, NpgsqlDbType.Bigint);
            rows.Write(record.TimestampUnixNanoseconds, NpgsqlDbType.Bigint);
            rows.Write(record.AcceptedUnixNanoseconds, NpgsqlDbType.Bigint);
            rows.Write(record.AccountKey, NpgsqlDbType.Integer);
            rows.Write(record.RequestId, NpgsqlDbType.Uuid);
            rows.Write(Node, NpgsqlDbType.Smallint);
        }
    }
}
