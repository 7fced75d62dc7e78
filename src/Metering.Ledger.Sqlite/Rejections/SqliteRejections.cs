using System.Buffers.Binary;

namespace Metering.Ledger.Sqlite;

/// <summary>The rejected records: read on connections of their own, changed on the writer's thread.</summary>
internal sealed class SqliteRejections(StoreFile file, Writer writer, RejectedRows rows) : IRejectedRecords, IDisposable
{
    private readonly SemaphoreSlim _looking = new(1); // a look-up goes through all fingerprints: one at a time
    private readonly RejectedWriter _conflicts = new(); // the writer's thread alone

    /// <inheritdoc/>
    public Task<RejectedPage> SearchAsync(
        RejectedQuestion question, ReadOnlyMemory<byte> after, int recordsMaximum, CancellationToken cancellationToken)
    {
        RejectedPlace place = RejectedPlace.Read(after.Span);
        return Task.Run(() => file.Read(() => RejectedSearch.Run(file, question, place, recordsMaximum, cancellationToken)), cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<string, IReadOnlyList<RejectedRecord>>> FindAsync(
        IReadOnlyCollection<string> uuids, CancellationToken cancellationToken)
    {
        await _looking.WaitAsync(cancellationToken);
        try
        {
            return await Task.Run(() => file.Read(() => RejectedLookUp.Run(file, uuids, cancellationToken)), cancellationToken);
        }
        finally
        {
            _looking.Release();
        }
    }

    /// <inheritdoc/>
    public Task KeepAsync(IReadOnlyList<RejectedRecord> conflicts) => writer.ChangeAsync(
        _ =>
        {
            _conflicts.Clear();
            foreach (RejectedRecord conflict in conflicts)
                _conflicts.Add(conflict);
            if (_conflicts.Records > 0)
                rows.Add([_conflicts]);
            return true;
        },
        CancellationToken.None);

    /// <inheritdoc/>
    public Task<RejectedFigures> ReadFiguresAsync(CancellationToken cancellationToken) => Task.Run(
        () => file.Read(() =>
        {
            using Database database = file.Connect(forWriting: false);
            using Statement count = database.Prepare("""
                SELECT records, bytes, dropped_records, (SELECT first_received_unix_nanoseconds FROM rejected_batch ORDER BY number LIMIT 1)
                FROM rejected_count WHERE id = 1
                """);
            count.Step();
            return new RejectedFigures(count.Number(0), count.Number(1), count.Number(2), count.Number(0) == 0 ? null : count.Number(3));
        }),
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> DropAsync(long nowUnixNanoseconds, CancellationToken cancellationToken) =>
        writer.ChangeAsync(_ => rows.Drop(nowUnixNanoseconds), cancellationToken);

    /// <inheritdoc/>
    public Task NoteReplayAsync(RejectedReplay replay) => writer.ChangeAsync(
        database =>
        {
            using Statement note = database.Prepare("""
                INSERT INTO rejected_replay(request, started_unix_nanoseconds, operator, reason, as_of_receipt) VALUES(?1, ?2, ?3, ?4, ?5)
                """);
            note.Bind(1, replay.RequestId.ToByteArray(bigEndian: true)).Bind(2, replay.StartedUnixNanoseconds)
                .Bind(3, replay.Operator).Bind(4, replay.Reason).Bind(5, replay.IsAsOfReceipt ? 1 : 0).Run();
            return true;
        },
        CancellationToken.None);

    /// <inheritdoc/>
    public Task<IReadOnlyList<RejectedReplay>> ReadReplaysAsync(CancellationToken cancellationToken) => Task.Run(
        () => file.Read<IReadOnlyList<RejectedReplay>>(() =>
        {
            using Database database = file.Connect(forWriting: false);
            return ReadReplays(database);
        }),
        cancellationToken);

    /// <summary>Every replay, newest first.</summary>
    internal static List<RejectedReplay> ReadReplays(Database database)
    {
        using Statement replays = database.Prepare(
            "SELECT request, started_unix_nanoseconds, operator, reason, as_of_receipt FROM rejected_replay ORDER BY number DESC");
        var found = new List<RejectedReplay>();
        while (replays.Step())
        {
            found.Add(new RejectedReplay(
                new Guid(replays.Bytes(0), bigEndian: true), replays.Number(1), replays.Text(2), replays.Text(3), replays.Number(4) == 1));
        }

        return found;
    }

    /// <inheritdoc/>
    public void Dispose() => _looking.Dispose();
}

/// <summary>A place among the rejected records: before so many of a row's records, and before all rows that came later.</summary>
/// <param name="Row">The row's number.</param>
/// <param name="Records">Records of it that are still to come, counted from its first.</param>
internal readonly record struct RejectedPlace(long Row, int Records)
{
    private const int Bytes = sizeof(long) + sizeof(int);

    /// <summary>The place of the newest.</summary>
    public static readonly RejectedPlace Newest = new(long.MaxValue, 0);

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static RejectedPlace Read(ReadOnlySpan<byte> place) =>
        place.IsEmpty ? Newest
        : place.Length == Bytes ? new(BinaryPrimitives.ReadInt64BigEndian(place), BinaryPrimitives.ReadInt32BigEndian(place[sizeof(long)..]))
        : throw new UnknownCursorException("No page of rejected records ended there.");

    /// <summary>The place in bytes; never null, but so that null beside it means no place, and not the bytes of none.</summary>
    public ReadOnlyMemory<byte>? Write()
    {
        byte[] place = new byte[Bytes];
        BinaryPrimitives.WriteInt64BigEndian(place, Row);
        BinaryPrimitives.WriteInt32BigEndian(place.AsSpan(sizeof(long)), Records);
        return place;
    }
}
