using System.Data;
using System.Numerics;
using System.Runtime.CompilerServices;
using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>Sums by windows, added up in the database: hours and nodes together.</summary>
internal sealed class TotalReader(ConnectionSource source, PostgresStoreOptions options) : ITotalReader
{
    // One statement goes through the hours once: few of them, yet not so many windows that sorting them takes the disk.
    private const int WindowsPerStatement = 64;

    private const string Bounds = "SELECT min(hour), max(hour) + 1 FROM usage_total";

    private const string Sums = """
        SELECT width_bucket(hour, $1) AS place, owner, sku, sum(quantity), sum(records)::bigint FROM usage_total
        WHERE hour >= $2 AND hour < $3 AND ($4::integer[] IS NULL OR owner = ANY($4))
        GROUP BY place, owner, sku ORDER BY place
        """;

    /// <inheritdoc/>
    public async Task<HourRange> BoundsAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await source.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(Bounds, connection) { CommandTimeout = TimeoutSeconds };
        await using NpgsqlDataReader row = await Said(command.ExecuteReaderAsync(cancellationToken));
        await Said(row.ReadAsync(cancellationToken));
        return await row.IsDBNullAsync(0, cancellationToken) ? HourRange.Empty : new HourRange(row.GetInt64(0), row.GetInt64(1));
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<IReadOnlyList<WindowTotal>> ReadAsync(TotalQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await source.OpenAsync(cancellationToken);
        await using NpgsqlTransaction state = await Said(connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken).AsTask());
        var sums = new Dictionary<int, (Int128 Quantity, long Records)>();
        int window = 0;
        for (int first = 0; first < query.Edges.Count - 1; first += WindowsPerStatement)
        {
            long[] edges = [.. query.Edges.Skip(first).Take(WindowsPerStatement + 1)];
            await using NpgsqlCommand command = Ask(connection, edges, query.Owners);
            await using NpgsqlDataReader row = await Said(command.ExecuteReaderAsync(cancellationToken));
            while (await Said(row.ReadAsync(cancellationToken)))
            {
                int next = first + row.GetInt32(0) - 1, group = query.GroupOf(row.GetInt32(1), row.GetInt32(2));
                if (sums.Count > 0 && next != window)
                {
                    yield return ToList(window, sums);
                    sums.Clear();
                }

                window = next;
                if (group < 0)
                    continue;
                (Int128 quantity, long records) = sums.GetValueOrDefault(group);
                sums[group] = (checked(quantity + (Int128)row.GetFieldValue<BigInteger>(3)), records + row.GetInt64(4));
            }
        }

        if (sums.Count > 0)
            yield return ToList(window, sums);
    }

    private static List<WindowTotal> ToList(int window, Dictionary<int, (Int128 Quantity, long Records)> sums) =>
        [.. sums.Select(sum => new WindowTotal(window, sum.Key, sum.Value.Quantity, sum.Value.Records))];

    private int TimeoutSeconds => (int)Math.Ceiling(options.ReadTime.TotalSeconds);

    private NpgsqlCommand Ask(NpgsqlConnection connection, long[] edges, IReadOnlyList<int>? owners) => new(Sums, connection)
    {
        CommandTimeout = TimeoutSeconds,
        Parameters =
        {
            new NpgsqlParameter<long[]> { TypedValue = edges },
            new NpgsqlParameter<long> { TypedValue = edges[0] },
            new NpgsqlParameter<long> { TypedValue = edges[^1] },
            new NpgsqlParameter<int[]?> { TypedValue = owners is null ? null : [.. owners] },
        },
    };

    private async Task<T> Said<T>(Task<T> step)
    {
        try
        {
            return await step;
        }
        catch (NpgsqlException fault)
        {
            throw LedgerReader.BrokenOff(source, fault);
        }
    }
}
