using System.Runtime.CompilerServices;

namespace Metering.Ledger.Sqlite;

/// <summary>Sums by windows, each reading on a connection of its own, beside the writer.</summary>
internal sealed class TotalReader(StoreFile file, DayRollUp rollUp, TimeSpan lifetime, TimeProvider time) : ITotalReader
{
    private static readonly TotalQuery Everything = new([], (_, _) => 0);

    /// <inheritdoc/>
    public Task<HourRange> BoundsAsync(CancellationToken cancellationToken) => Task.Run(
        () => file.Read(() =>
        {
            using TotalReading reading = Begin(Everything);
            return reading.Bounds();
        }),
        cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<IReadOnlyList<WindowTotal>> ReadAsync(TotalQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        TotalReading reading = file.Read(() => Begin(query));
        try
        {
            for (int window = 0; window < query.Edges.Count - 1;)
            {
                (List<WindowTotal>? totals, int next, long damaged) = await Task.Run(() => Next(reading, window, cancellationToken), cancellationToken);
                if (totals is null)
                {
                    // The hours are the ledger's, and are there: from here on they are read in the roll-up's place.
                    await rollUp.DropAsync(damaged);
                    reading.Dispose();
                    reading = file.Read(() => Begin(query));
                    continue;
                }

                window = next;
                if (totals.Count > 0)
                    yield return totals;
            }
        }
        finally
        {
            reading.Dispose();
        }
    }

    private TotalReading Begin(TotalQuery query)
    {
        Database database = file.Connect(forWriting: false);
        try
        {
            return new TotalReading(database, query, rollUp.Days, lifetime, time);
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    private (List<WindowTotal>? Totals, int Next, long Damaged) Next(TotalReading reading, int window, CancellationToken cancellationToken)
    {
        try
        {
            List<WindowTotal> totals = file.Read(() => reading.Next(ref window, cancellationToken));
            return (totals, window, 0);
        }
        catch (DayDamageException damage)
        {
            return (null, window, rollUp.Note(damage));
        }
    }
}
