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
        var totals = new List<WindowTotal>();
        for (int first = 0; first < query.Edges.Count - 1; first += WindowsPerStatement)
        {
            long[] edges = [.. query.Edges.Skip(first).Take(WindowsPerStatement + 1)];
            await using NpgsqlCommand command = Ask(connection, edges, query.Owners);
            await using NpgsqlDataReader row = await Said(command.ExecuteReaderAsync(cancellationToken));
            while (await Said(row.ReadAsync(cancellationToken)))
            {
                (int window, int owner, int sku) = (first + row.GetInt32(0) - 1, row.GetInt32(1), row.GetInt32(2));
                if (totals.Count > 0 && totals[^1].Window != window)
                {
                    yield return totals;
                    totals = [];
                }

                if (query.Covers(owner, sku))
                    totals.Add(new WindowTotal(window, owner, sku, (Int128)row.GetFieldValue<BigInteger>(3), row.GetInt64(4)));
            }
        }

        if (totals.Count > 0)
            yield return totals;
    }

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
            throw new StoreException(
                $"PostgreSQL at {source.Text.Place} broke the reading off: {Faults.Describe(fault).TrimEnd('.')}. Try again.", fault) { IsOutage = true };
        }
    }
}
