using System.Data;
using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>
/// Proves, in the database and of one state, that the totals are the sums of the records, and that the feed has each of them
/// once, and that rejected records are counted as they are kept. That no uuid is counted twice is the primary key's to keep.
/// </summary>
internal sealed class Verification(ConnectionSource source)
{
    // Hours as HourRange.HourOf gives them: rounded down, before 1970 too.
    private const string Compare = """
        SELECT coalesce(counted.owner, summed.owner), coalesce(counted.sku, summed.sku), coalesce(counted.hour, summed.hour),
               coalesce(counted.quantity, 0)::text, coalesce(counted.records, 0)::bigint,
               coalesce(summed.quantity, 0)::text, coalesce(summed.records, 0)::bigint
        FROM (
          SELECT owner, sku, hour, sum(quantity) AS quantity, count(*) AS records
          FROM (
            SELECT owner, sku, quantity,
                   ((timestamp_unix_nanoseconds - ((timestamp_unix_nanoseconds % 3600000000000) + 3600000000000) % 3600000000000) / 3600000000000)::bigint AS hour
            FROM usage_record) AS record
          GROUP BY owner, sku, hour) AS counted
        FULL JOIN (
          SELECT owner, sku, hour, sum(quantity) AS quantity, sum(records) AS records FROM usage_total GROUP BY owner, sku, hour) AS summed
        ON counted.owner = summed.owner AND counted.sku = summed.sku AND counted.hour = summed.hour
        WHERE counted.quantity IS DISTINCT FROM summed.quantity OR counted.records IS DISTINCT FROM summed.records
        ORDER BY 1, 2, 3
        LIMIT 100
        """;

    /// <summary>Reads everything; see <see cref="ILedger.VerifyAsync(IProgress{VerificationProgress}?, CancellationToken)"/>.</summary>
    public async Task<LedgerVerification> RunAsync(IProgress<VerificationProgress>? progress, CancellationToken cancellationToken)
    {
        try
        {
            await using NpgsqlConnection connection = await source.OpenAsync(cancellationToken);
            await using NpgsqlTransaction state = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
            var differences = new List<string>();
            progress?.Report(new VerificationProgress("totals against records, in the database", 0, 0));
            await using (var compare = new NpgsqlCommand(Compare, connection))
            await using (NpgsqlDataReader row = await compare.ExecuteReaderAsync(cancellationToken))
            {
                while (await row.ReadAsync(cancellationToken))
                    differences.Add(Describe(row));
            }

            progress?.Report(new VerificationProgress("order of commits, in the database", 0, 0));
            await GroupVerification.AddDifferencesAsync(connection, differences, cancellationToken);
            progress?.Report(new VerificationProgress("rejected records, in the database", 0, 0));
            await RejectedVerification.AddDifferencesAsync(connection, differences, cancellationToken);
            progress?.Report(new VerificationProgress("records", 0, 0));
            await using var count = new NpgsqlCommand("SELECT count(*) FROM usage_record", connection);
            return new LedgerVerification((long)(await count.ExecuteScalarAsync(cancellationToken))!, differences);
        }
        catch (NpgsqlException fault)
        {
            throw new StoreException($"PostgreSQL at {source.Text.Place} broke the verification off: {Faults.Describe(fault).TrimEnd('.')}.", fault) { IsOutage = true };
        }
    }

    private static string Describe(NpgsqlDataReader row)
    {
        long hour = row.GetInt64(2);
        DateTimeOffset start = DateTimeOffset.UnixEpoch.AddHours(hour);
        return $"The total of owner {row.GetInt32(0)}, SKU {row.GetInt32(1)}, hour {hour} ({start:yyyy-MM-dd HH}:00Z) is "
            + $"{row.GetString(5)} in {row.GetInt64(6)} records, but the records give {row.GetString(3)} in {row.GetInt64(4)}.";
    }
}
