using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>
/// Proves that the order of commits is whole: each record is named by one group and once there, groups name no others, and of
/// each writer they count from 1 without a gap up to its end.
/// </summary>
internal static class GroupVerification
{
    private const string Named = """
        SELECT uuid, sum(counted)::bigint, sum(named)::bigint
        FROM (
          SELECT uuid, 1 AS counted, 0 AS named FROM usage_record
          UNION ALL
          SELECT unnest(uuids) AS uuid, 0 AS counted, 1 AS named FROM usage_group) AS told
        GROUP BY uuid
        HAVING sum(counted) <> 1 OR sum(named) <> 1
        ORDER BY uuid
        LIMIT 100
        """;

    private const string Numbered = """
        SELECT writer, number, before, records, cardinality, accepted, accepted_before, records_before
        FROM (
          SELECT writer, number, records, cardinality(uuids) AS cardinality, accepted_unix_nanoseconds AS accepted,
                 lag(number, 1, 0::bigint) OVER in_order AS before, lag(records, 1, 1) OVER in_order AS records_before,
                 lag(accepted_unix_nanoseconds, 1, 0::bigint) OVER in_order AS accepted_before
          FROM usage_group
          WINDOW in_order AS (PARTITION BY writer ORDER BY number)) AS ordered
        WHERE number <> before + 1 OR records <> cardinality OR records_before = 0 OR accepted < accepted_before
        ORDER BY writer, number
        LIMIT 100
        """;

    /// <summary>Each difference in words; the first of them.</summary>
    public static async Task AddDifferencesAsync(NpgsqlConnection connection, List<string> differences, CancellationToken cancellationToken)
    {
        await using (var named = new NpgsqlCommand(Named, connection))
        await using (NpgsqlDataReader row = await named.ExecuteReaderAsync(cancellationToken))
        {
            while (await row.ReadAsync(cancellationToken))
                differences.Add(Describe(row.GetGuid(0), row.GetInt64(1), row.GetInt64(2)));
        }

        await using var numbered = new NpgsqlCommand(Numbered, connection);
        await using NpgsqlDataReader group = await numbered.ExecuteReaderAsync(cancellationToken);
        while (await group.ReadAsync(cancellationToken))
            differences.Add(DescribeGroup(group));
    }

    private static string Describe(Guid uuid, long counted, long named) => counted == 0
        ? $"The feed names record {uuid}, which is not there."
        : $"Record {uuid} is in the feed {named} times instead of once.";

    private static string DescribeGroup(NpgsqlDataReader row)
    {
        long writer = row.GetInt64(0), number = row.GetInt64(1), before = row.GetInt64(2);
        string what = number != before + 1 ? $"comes after group {before}"
            : row.GetInt32(3) != row.GetInt32(4) ? $"says that it has {row.GetInt32(3)} records and names {row.GetInt32(4)}"
            : row.GetInt32(7) == 0 ? "comes after the writer's end"
            : $"says that its records were accepted by {row.GetInt64(5)} ns, before those of the group before it ({row.GetInt64(6)} ns)";
        return $"Group {number} of writer {writer} in the feed {what}.";
    }
}
