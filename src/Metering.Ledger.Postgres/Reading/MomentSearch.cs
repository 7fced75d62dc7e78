using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>
/// Finds a moment by halving: the latest acceptance that a group tells of never decreases within its writer, also when the
/// clock was set back, since it is that of all groups so far.
/// </summary>
internal sealed class MomentSearch(NpgsqlConnection connection, LedgerEnds ends, int timeoutSeconds)
{
    private const string Accepted = "SELECT accepted_unix_nanoseconds FROM usage_group WHERE writer = $1 AND number = $2";

    /// <summary>The place before every record that was accepted at the moment or later.</summary>
    public async Task<FeedPlace> FindAsync(long acceptedUnixNanoseconds, CancellationToken cancellationToken)
    {
        var place = new FeedPlace();
        var open = new List<Range>();
        for (long writer = 0; writer < ends.Writers; writer++)
        {
            WriterEnd end = ends[writer];
            if (end.Number == 0 || end.AcceptedUnixNanoseconds < acceptedUnixNanoseconds)
                place.Advance(writer, end.Number);
            else if (end.FirstAcceptedUnixNanoseconds < acceptedUnixNanoseconds)
                open.Add(new Range(writer, 1, end.Number));
        }

        while (open.Count > 0)
        {
            long[] accepted = await AskAsync(open, cancellationToken);
            for (int index = 0; index < open.Count; index++)
                open[index] = open[index].Halve(isBefore: accepted[index] < acceptedUnixNanoseconds);
            foreach (Range found in open.Where(range => range.IsFound))
                place.Advance(found.Writer, found.Before);
            open.RemoveAll(range => range.IsFound);
        }

        return place;
    }

    private async Task<long[]> AskAsync(List<Range> ranges, CancellationToken cancellationToken)
    {
        await using NpgsqlBatch batch = connection.CreateBatch();
        batch.Timeout = timeoutSeconds;
        foreach (Range range in ranges)
        {
            var command = new NpgsqlBatchCommand(Accepted);
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = range.Writer });
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = range.Middle });
            batch.BatchCommands.Add(command);
        }

        await using NpgsqlDataReader row = await batch.ExecuteReaderAsync(cancellationToken);
        long[] accepted = new long[ranges.Count];
        for (int index = 0; index < accepted.Length; index++)
        {
            accepted[index] = await row.ReadAsync(cancellationToken) ? row.GetInt64(0) : long.MaxValue; // gone: not before anything
            await row.NextResultAsync(cancellationToken);
        }

        return accepted;
    }

    /// <summary>Of a writer, a group that comes before the moment, and one after it that may not.</summary>
    private readonly record struct Range(long Writer, long Before, long NotBefore)
    {
        public long Middle => Before + ((NotBefore - Before) / 2);

        public bool IsFound => NotBefore - Before <= 1;

        public Range Halve(bool isBefore) => isBefore ? this with { Before = Middle } : this with { NotBefore = Middle };
    }
}
