using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>
/// The transaction of one group, in two round trips: what has to be known for the verdicts; then everything that follows from
/// them, with the COMMIT. Or in one, when it is presumed that every candidate is new (<see cref="OneTrip"/>); the database refuses it if
/// one is not. Nothing here is ever cancelled.
/// </summary>
internal sealed class GroupTransaction(NpgsqlConnection connection, short node)
{
    private readonly List<Guid> _counted = [];
    private readonly List<Guid> _known = [];
    private RecordColumns? _presumed;

    /// <summary>The transaction has begun.</summary>
    public bool IsBegun { get; private set; }

    /// <summary>The candidates that were counted.</summary>
    public List<Guid> Counted => _counted;

    /// <summary>The looked up uuids that were counted before.</summary>
    public List<Guid> Known => _known;

    /// <summary>Counts the candidates and looks the others up.</summary>
    public async Task AskAsync(RecordColumns? candidates, Guid[]? lookUps)
    {
        if (candidates is null && lookUps is null)
            return;
        await using NpgsqlBatch batch = connection.CreateBatch();
        batch.BatchCommands.Add(WriteStatements.Begin());
        if (candidates is not null)
            batch.BatchCommands.Add(WriteStatements.Count(candidates, node));
        if (lookUps is not null)
            batch.BatchCommands.Add(WriteStatements.LookUp(lookUps));
        IsBegun = true;
        await using NpgsqlDataReader reader = await batch.ExecuteReaderAsync(CancellationToken.None);
        if (candidates is not null)
            await ReadCountedAsync(reader, candidates.Uuids);
        if (lookUps is not null)
            await ReadAsync(reader, _known);
    }

    /// <summary>Takes all candidates for new; they are sent with the commit, and the database refuses the whole if one was counted before.</summary>
    public void Presume(RecordColumns candidates)
    {
        _presumed = candidates;
        _counted.AddRange(candidates.Uuids);
    }

    /// <summary>Writes what follows from the verdicts and commits.</summary>
    /// <param name="group">The group, judged.</param>
    /// <param name="place">Its place in the order of commits; null when it counts nothing.</param>
    /// <param name="areDuplicatesRewritten">Rows of duplicates are written anew.</param>
    /// <exception cref="NotReplicatedException">The commit is not known to be durable.</exception>
    public async Task CommitAsync(Group group, GroupPlace? place, bool areDuplicatesRewritten)
    {
        await using NpgsqlBatch batch = connection.CreateBatch();
        if (!IsBegun)
            batch.BatchCommands.Add(WriteStatements.Begin());
        if (_presumed is not null)
            batch.BatchCommands.Add(WriteStatements.CountNew(_presumed, node));
        if (areDuplicatesRewritten && group.Duplicates() is { Length: > 0 } duplicates)
            batch.BatchCommands.Add(WriteStatements.Rewrite(duplicates));
        if (group.Totals is { } totals)
            batch.BatchCommands.Add(WriteStatements.AddTotals(totals, node));
        if (group.Rejections is { } rejections)
            batch.BatchCommands.Add(WriteStatements.AddRejections(rejections, node));
        if (group.Rejected is { } rejected)
        {
            batch.BatchCommands.Add(RejectedStatements.Keep(rejected));
            batch.BatchCommands.Add(RejectedStatements.Count(node, rejected.Records, rejected.Bytes, 0));
        }
        if (place is { } ordered)
            batch.BatchCommands.Add(WriteStatements.AddGroup(ordered, [.. group.Accepted]));

        // Last, because it is what proves the duplicates durable: a transaction that wrote to the log waits for the log up to
        // its own commit, which comes after the commit of every row that it saw (docs/adr/0008).
        if (group.HasToBeWritten)
            batch.BatchCommands.Add(WriteStatements.RaiseClock(node, group.LatestUnixNanoseconds));
        batch.BatchCommands.Add(WriteStatements.Commit());
        await ConfirmedCommit.RunAsync(connection, () => batch.ExecuteNonQueryAsync(CancellationToken.None));
    }

    /// <summary>Takes everything back, after a statement was refused.</summary>
    public async Task RollBackAsync()
    {
        await using var rollBack = new NpgsqlCommand("ROLLBACK", connection);
        await rollBack.ExecuteNonQueryAsync(CancellationToken.None);
    }

    private async Task ReadCountedAsync(NpgsqlDataReader reader, Guid[] sent)
    {
        await reader.ReadAsync(CancellationToken.None);
        long count = reader.GetInt64(0);
        if (count == sent.Length)
            _counted.AddRange(sent);
        else if (count > 0)
            _counted.AddRange(reader.GetFieldValue<Guid[]>(1));
        if (_counted.Count != count)
            throw new InvalidOperationException($"The database counted {count} records and named {_counted.Count}.");
        await reader.NextResultAsync(CancellationToken.None);
    }

    private static async Task ReadAsync(NpgsqlDataReader reader, List<Guid> uuids)
    {
        while (await reader.ReadAsync(CancellationToken.None))
            uuids.Add(reader.GetGuid(0));
        await reader.NextResultAsync(CancellationToken.None);
    }
}
