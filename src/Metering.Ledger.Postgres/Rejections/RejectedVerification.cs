using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>
/// Proves, in the database, that what is kept beside the rejected records is theirs: the counts of all of them, the bytes that
/// each is counted with, what its uuid is looked up by; and that no hour counts fewer rejections than are kept of it. It may
/// count more: records are dropped, most duplicates are not kept, and programs before schema version 4 kept none.
/// </summary>
internal static class RejectedVerification
{
    private const string Counted = """
        SELECT (SELECT coalesce(sum(records), 0) FROM rejected_count)::bigint, (SELECT coalesce(sum(bytes), 0) FROM rejected_count)::bigint,
               (SELECT count(*) FROM rejected_record), (SELECT coalesce(sum(bytes), 0) FROM rejected_record)::bigint
        """;

    // RejectedText.KeyOf: two spellings of one UUID are one; what is none, the nil and the max among them, is itself.
    private static readonly string Beside = $$"""
        SELECT owner, id, bytes, given, uuid_key = key
        FROM (
          SELECT owner, id, bytes, uuid_key, {{RejectedColumns.RowBytes}} + length(target) + length(uuid) + 2 * length(uuid_key) + length(sku) AS given,
                 CASE WHEN encode(uuid, 'escape') ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
                        AND lower(encode(uuid, 'escape')) <> 'ffffffff-ffff-ffff-ffff-ffffffffffff'
                      THEN decode(lower(encode(uuid, 'escape')), 'escape') ELSE uuid END AS key
          FROM rejected_record) AS kept
        WHERE bytes <> given OR uuid_key <> key
        ORDER BY owner, id
        LIMIT 100
        """;

    private const string Hours = """
        SELECT kept.owner, kept.reason, kept.hour, coalesce(counted.records, 0)::bigint, kept.records
        FROM (
          SELECT owner, reason, hour, count(*) AS records
          FROM (
            SELECT owner, reason,
                   ((received_unix_nanoseconds - ((received_unix_nanoseconds % 3600000000000) + 3600000000000) % 3600000000000) / 3600000000000)::bigint AS hour
            FROM rejected_record) AS record
          GROUP BY owner, reason, hour) AS kept
        LEFT JOIN (SELECT owner, reason, hour, sum(records) AS records FROM usage_rejection GROUP BY owner, reason, hour) AS counted
        ON kept.owner = counted.owner AND kept.reason = counted.reason AND kept.hour = counted.hour
        WHERE kept.records > coalesce(counted.records, 0)
        ORDER BY 1, 2, 3
        LIMIT 100
        """;

    /// <summary>Each difference in words; the first of them.</summary>
    public static async Task AddDifferencesAsync(NpgsqlConnection connection, List<string> differences, CancellationToken cancellationToken)
    {
        await AddAsync(connection, Counted, DescribeCount, differences, cancellationToken);
        await AddAsync(connection, Beside, DescribeRow, differences, cancellationToken);
        await AddAsync(connection, Hours, DescribeHour, differences, cancellationToken);
    }

    private static async Task AddAsync(
        NpgsqlConnection connection, string question, Func<NpgsqlDataReader, string?> describe, List<string> differences,
        CancellationToken cancellationToken)
    {
        await using var ask = new NpgsqlCommand(question, connection);
        await using NpgsqlDataReader row = await ask.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
        {
            if (describe(row) is { } difference)
                differences.Add(difference);
        }
    }

    private static string? DescribeCount(NpgsqlDataReader row)
    {
        (long records, long bytes, long keptRecords, long keptBytes) = (row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3));
        return (records, bytes) == (keptRecords, keptBytes)
            ? null
            : $"The count of rejected records is {records} in {bytes} bytes, but {keptRecords} in {keptBytes} bytes are kept.";
    }

    private static string DescribeRow(NpgsqlDataReader row)
    {
        string what = !row.GetBoolean(4) ? "its uuid is not found by what it is looked up by" : $"it is counted with {row.GetInt32(2)} bytes and has {row.GetInt32(3)}";
        return $"What is kept beside the rejected record {row.GetGuid(1)} of owner {row.GetInt32(0)} is not its own: {what}.";
    }

    private static string DescribeHour(NpgsqlDataReader row)
    {
        long hour = row.GetInt64(2);
        DateTimeOffset start = DateTimeOffset.UnixEpoch.AddHours(hour);
        return $"The count of rejections of owner {row.GetInt32(0)}, reason {(Verdict)row.GetInt16(1)}, hour {hour} ({start:yyyy-MM-dd HH}:00Z) is "
            + $"{row.GetInt64(3)}, but {row.GetInt64(4)} rejected records of it are kept.";
    }
}
