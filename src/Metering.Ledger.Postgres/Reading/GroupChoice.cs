using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>Records of a group that are read next.</summary>
/// <param name="Writer">The group's writer.</param>
/// <param name="Number">The group.</param>
/// <param name="First">Records of it that come before.</param>
/// <param name="Count">Records that are read.</param>
/// <param name="IsWhole">None come after them.</param>
internal readonly record struct GroupSlice(long Writer, long Number, int First, int Count, bool IsWhole);

/// <summary>
/// Chooses what comes after a place: of each writer its groups in order, and among the writers that whose next group was
/// accepted first. A group that is read in part goes on before any other.
/// </summary>
internal sealed class GroupChoice(NpgsqlConnection connection, LedgerEnds ends, FeedPlace place, int timeoutSeconds)
{
    private const int HeadsAtFirst = 64;
    private const int HeadsAtOnce = 1024;

    private const string Heads = """
        SELECT number, records, accepted_unix_nanoseconds FROM usage_group WHERE writer = $1 AND number > $2 AND number <= $3 ORDER BY number
        """;

    private readonly Dictionary<long, Queue<Head>> _heads = [];
    private readonly Dictionary<long, long> _last = []; // of each writer, the last group whose head was asked for
    private readonly PriorityQueue<long, (long Accepted, long Writer)> _next = new();

    /// <summary>Groups whose records add up to no more than this; none when there are none to come.</summary>
    /// <exception cref="UnknownCursorException">There is no such place within the group that is read in part.</exception>
    /// <returns>Null when a group that was there is there no more.</returns>
    public async Task<List<GroupSlice>?> TakeAsync(int recordsMaximum, CancellationToken cancellationToken)
    {
        var chosen = new List<GroupSlice>();
        if (!await BeginAsync(recordsMaximum, cancellationToken))
            return null;
        int first = place.PartRecords; // of the first group alone
        for (int room = recordsMaximum; room > 0 && _next.TryDequeue(out long writer, out _);)
        {
            if (Waiting(writer) is null && !await AskAsync([writer], room, cancellationToken))
                return null;
            Head head = _heads[writer].Dequeue();
            if (first >= head.Records)
                throw new UnknownCursorException("is no place in the feed of this ledger");
            int count = Math.Min(room, head.Records - first);
            chosen.Add(new GroupSlice(writer, head.Number, first, count, first + count == head.Records));
            room -= count;
            first = 0;
            if (head.Number == ends[writer].Number || room == 0)
                continue;
            if (Waiting(writer) is null && !await AskAsync([writer], room, cancellationToken))
                return null;
            Enqueue(writer);
        }

        return chosen;
    }

    private async Task<bool> BeginAsync(int recordsMaximum, CancellationToken cancellationToken)
    {
        var begun = new List<long>();
        for (long writer = place.FirstWriter; writer < ends.Writers; writer++)
        {
            long read = place.ReadOf(writer);
            if (read >= ends[writer].Number)
                continue;
            _last[writer] = read;
            if (read == 0 && !IsPart(writer))
                _next.Enqueue(writer, (ends[writer].FirstAcceptedUnixNanoseconds, writer));
            else
                begun.Add(writer);
        }

        if (begun.Count > 0 && !await AskAsync(begun, recordsMaximum, cancellationToken))
            return false;
        begun.ForEach(Enqueue);
        return true;
    }

    private bool IsPart(long writer) => place.PartRecords > 0 && writer == place.PartWriter;

    private Queue<Head>? Waiting(long writer) => _heads.TryGetValue(writer, out Queue<Head>? heads) && heads.Count > 0 ? heads : null;

    private void Enqueue(long writer)
    {
        Head head = _heads[writer].Peek();
        bool goesOn = IsPart(writer) && head.Number == place.ReadOf(writer) + 1;
        _next.Enqueue(writer, (goesOn ? long.MinValue : head.AcceptedUnixNanoseconds, writer));
    }

    // The heads of the next groups of some writers that have more; false when a group is missing.
    private async Task<bool> AskAsync(List<long> writers, int room, CancellationToken cancellationToken)
    {
        await using NpgsqlBatch batch = connection.CreateBatch();
        batch.Timeout = timeoutSeconds;
        Dictionary<long, long> begins = writers.ToDictionary(writer => writer, writer => _last[writer]);
        foreach (long writer in writers)
        {
            int most = Math.Min(room, _heads.ContainsKey(writer) ? HeadsAtOnce : HeadsAtFirst);
            long last = _last[writer], end = Math.Min(last + most, ends[writer].Number);
            var command = new NpgsqlBatchCommand(Heads);
            foreach (long number in (ReadOnlySpan<long>)[writer, last, end])
                command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = number });
            batch.BatchCommands.Add(command);
            _last[writer] = end;
        }

        // Without a gap: a number that is missing would be a group that nobody is ever told of.
        await using NpgsqlDataReader row = await batch.ExecuteReaderAsync(cancellationToken);
        foreach (long writer in writers)
        {
            Queue<Head> heads = _heads[writer] = new Queue<Head>();
            while (await row.ReadAsync(cancellationToken))
            {
                if (row.GetInt64(0) != begins[writer] + heads.Count + 1)
                    return false;
                heads.Enqueue(new Head(row.GetInt64(0), row.GetInt32(1), row.GetInt64(2)));
            }

            if (begins[writer] + heads.Count != _last[writer])
                return false;
            await row.NextResultAsync(cancellationToken);
        }

        return true;
    }

    private readonly record struct Head(long Number, int Records, long AcceptedUnixNanoseconds);
}
