using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>
/// The accepted records, group by group. Writers commit side by side; which of two groups of different writers comes first is
/// for the reading to say, and the place that it gives says of each writer how far it was read. A writer's groups are numbered
/// without a gap, each visible only after those before it, so that nothing ever appears behind a place (docs/adr/0009).
/// </summary>
/// <param name="source">Where connections come from.</param>
/// <param name="options">The store's options.</param>
/// <param name="ends">Tells how far the writers are.</param>
/// <param name="proof">Makes sure that what is found is durable.</param>
/// <param name="room">Room for readings at once; others read and change things too.</param>
internal sealed class RecordReader(
    ConnectionSource source, PostgresStoreOptions options, WriterEnds ends, ReadProof proof, SemaphoreSlim room) : IRecordReader
{
    private readonly GroupRecords _records = new();
    private readonly Lock _ticking = new();
    private Task _tick = Task.CompletedTask;

    private int Seconds => (int)Math.Ceiling(options.ReadTime.TotalSeconds);

    /// <inheritdoc/>
    public async Task<RecordPage> ReadAsync(LedgerCursor after, int recordsMaximum, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(recordsMaximum, 1);
        LedgerEnds now = await ends.LookAsync(cancellationToken);
        FeedPlace place = FeedPlace.Of(after, now);
        if (!place.IsBehind(now))
            return new RecordPage([], place.ToCursor(now), IsEnd: true);
        RecordPage page = await SaidAsync(connection => ReadAsync(connection, now, place, recordsMaximum, cancellationToken), cancellationToken);
        if (page.Records.Count == 0)
            await TickAsync().WaitAsync(cancellationToken);
        return page;
    }

    /// <inheritdoc/>
    public async Task WaitAsync(LedgerCursor after, CancellationToken cancellationToken)
    {
        while (true)
        {
            LedgerEnds now = await ends.LookAsync(cancellationToken);
            if (FeedPlace.Of(after, now).IsBehind(now))
                return;
            await TickAsync().WaitAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async Task<LedgerCursor> EndAsync(CancellationToken cancellationToken)
    {
        LedgerEnds now = await ends.LookAsync(cancellationToken);
        var place = new FeedPlace();
        for (long writer = 0; writer < now.Writers; writer++)
            place.Advance(writer, now[writer].Number);
        return place.ToCursor(now);
    }

    /// <inheritdoc/>
    public async Task<LedgerCursor> SeekAsync(long acceptedUnixNanoseconds, CancellationToken cancellationToken)
    {
        LedgerEnds now = await ends.LookAsync(cancellationToken);
        FeedPlace place = await SaidAsync(
            connection => new MomentSearch(connection, now, Seconds).FindAsync(acceptedUnixNanoseconds, cancellationToken), cancellationToken);
        return place.ToCursor(now);
    }

    /// <inheritdoc/>
    public async Task<bool> IsClockSetBackAfterAsync(LedgerCursor place, CancellationToken cancellationToken)
    {
        LedgerEnds now = await ends.LookAsync(cancellationToken);
        FeedPlace asked = FeedPlace.Of(place, now);
        IReadOnlyList<LedgerCursor> places = await SaidAsync(connection => ClockChanges.ReadAsync(connection, cancellationToken), cancellationToken);
        return places.Any(moment => !IsAtLeast(asked, moment, now));
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<UInt128, CountedRecord>> FindAsync(
        IReadOnlyCollection<UInt128> uuids, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(uuids.Count, Limits.LookUpUuids);
        return await SaidAsync(
            async connection =>
            {
                Dictionary<UInt128, CountedRecord> found = await GroupRecords.ReadRowsAsync(
                    connection, [.. uuids.Select(RecordUuid.ToGuid)], Seconds, cancellationToken);
                if (found.Count > 0)
                    await proof.RunIfNeededAsync(connection);
                return found;
            },
            cancellationToken);
    }

    // A moment of another history, from before a restore, may be anywhere.
    private static bool IsAtLeast(FeedPlace asked, LedgerCursor moment, LedgerEnds now)
    {
        try
        {
            return asked.IsAtLeast(FeedPlace.Of(moment, now));
        }
        catch (UnknownCursorException)
        {
            return false;
        }
    }

    private async Task<RecordPage> ReadAsync(
        NpgsqlConnection connection, LedgerEnds now, FeedPlace place, int recordsMaximum, CancellationToken cancellationToken)
    {
        List<GroupSlice>? slices = await new GroupChoice(connection, now, place, Seconds).TakeAsync(recordsMaximum, cancellationToken);
        List<CountedRecord>? records = slices is null ? null : await _records.ReadAsync(connection, slices, Seconds, cancellationToken);
        if (records is null)
        {
            ends.Forget();
            throw new StoreException($"Groups that were read from {source.Text.Place} a moment ago are there no more. Try again.") { IsOutage = true };
        }

        if (records.Count == 0 && !options.AreDuplicatesRewritten)
        {
            throw new StoreException(
                $"Records that were accepted are missing from usage_record at {source.Text.Place}: what the groups name is not there. Verification says which.");
        }

        foreach (GroupSlice slice in slices!)
        {
            if (slice.IsWhole)
                place.Advance(slice.Writer, slice.Number);
            else
                place.AdvanceWithin(slice.Writer, slice.First + slice.Count);
        }

        return new RecordPage(records, place.ToCursor(now), !place.IsBehind(now));
    }

    // One clock for all who wait: they look together, and then share one look.
    private Task TickAsync()
    {
        lock (_ticking)
            return _tick.IsCompleted ? _tick = Task.Delay(options.FeedInterval, options.Waits) : _tick;
    }

    private async Task<T> SaidAsync<T>(Func<NpgsqlConnection, Task<T>> read, CancellationToken cancellationToken)
    {
        await room.WaitAsync(cancellationToken);
        try
        {
            await using NpgsqlConnection connection = await source.OpenAsync(cancellationToken);
            return await read(connection);
        }
        catch (NpgsqlException fault)
        {
            throw LedgerReader.BrokenOff(source, fault);
        }
        finally
        {
            room.Release();
        }
    }
}
