namespace Metering.Ledger.Sqlite;

/// <summary>
/// Rolls days up in the background: those for which no more records are expected, and those that were rolled up and changed
/// since. It reads beside the writer, packs, and hands the parts to the writer one at a time, so that no commit waits long.
/// </summary>
/// <remarks>
/// Nothing depends on its being done, nor on its being right about what is expected: a total that changes takes the roll-up of
/// its day out of use (<see cref="RolledUpDays"/>), and readings take the hours then.
/// </remarks>
internal sealed class DayRollUp(
    StoreFile file, Writer writer, RolledUpDays days, SqliteStoreOptions options, TimeProvider time, Action<string> notice) : IAsyncDisposable
{
    private static readonly TimeSpan FirstAfter = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _oneAtATime = new(1);
    private readonly CancellationTokenSource _stop = new();
    private Task _rolling = Task.CompletedTask;

    /// <summary>Begins to look for days, now and then.</summary>
    public void Start() => _rolling = Task.Run(RollNowAndThenAsync);

    /// <summary>Rolls up everything that can be.</summary>
    /// <returns>How many days it rolled up.</returns>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        await _oneAtATime.WaitAsync(cancellationToken);
        try
        {
            using Database database = file.Connect(forWriting: false);
            int rolled = 0;
            foreach (long day in file.Read(() => RolledUpDays.Changed(database)))
            {
                if (day < file.Read(() => RolledUpDays.EndDay(database)) && await RollUpAsync(database, day, cancellationToken) > 0)
                    rolled++;
            }

            long closedDay = HourRange.DayOf(HourRange.HourOf(MeteringClock.ToUnixNanoseconds(time.GetUtcNow() - options.RollUpDelay)));
            for (long day = file.Read(() => RolledUpDays.EndDay(database)); day < closedDay; day++)
            {
                if (await RollUpAsync(database, day, cancellationToken) > 0)
                    rolled++;
                else
                    day = await SkipEmptyAsync(database, day, closedDay) - 1;
            }

            return rolled;
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>Tells of damage; gives the day.</summary>
    public long Note(DayDamageException damage)
    {
        notice($"{damage.Message} It was taken out of use and is made again from the hours, which are there.");
        return damage.Day;
    }

    /// <summary>Takes a day's roll-up out of use, until it was made again.</summary>
    public Task DropAsync(long day) => writer.ChangeAsync(
        _ =>
        {
            days.Note(HourRange.OfDay(day).FromHour);
            return true;
        },
        CancellationToken.None);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _rolling;
        await _oneAtATime.WaitAsync();
        _oneAtATime.Dispose();
        _stop.Dispose();
    }

    private async Task RollNowAndThenAsync()
    {
        string? toldOf = null;
        try
        {
            for (TimeSpan wait = FirstAfter; ; wait = Every)
            {
                await Task.Delay(wait, time, _stop.Token);
                try
                {
                    await RunAsync(_stop.Token);
                    toldOf = null;
                }
                catch (Exception fault) when (fault is StoreException or SqliteFault)
                {
                    if (toldOf != fault.Message)
                        notice($"Totals could not be rolled up by days, so that some readings of them take longer: {fault.Message}");
                    toldOf = fault.Message;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The store closes.
        }
    }

    private async Task<int> RollUpAsync(Database database, long day, CancellationToken cancellationToken)
    {
        long changes = await writer.ChangeAsync(store => days.Begin(store, day), cancellationToken);
        int parts = 0;
        (int Owner, int Sku)? after = null;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            DayPart? made = file.Read(() => MakePart(database, day, ref after));
            if (made is null)
                break;
            int part = parts++;
            await writer.ChangeAsync(store => RolledUpDays.Add(store, day, part, made), cancellationToken);
        }
        while (after is not null);

        bool isChanged = changes > 0;
        if (parts == 0 && !isChanged)
            return 0; // an empty day: many may follow
        await writer.ChangeAsync(store => RolledUpDays.End(store, day, parts, changes), cancellationToken);
        return Math.Max(parts, 1);
    }

    private static DayPart? MakePart(Database database, long day, ref (int Owner, int Sku)? after)
    {
        using var hours = new HourCursor(database, HourRange.OfDay(day), (_, _) => true, null);
        if (after is { } place)
            hours.SkipAfter(place.Owner, place.Sku);
        after = null;
        var part = new DayPartWriter(day);
        (int Owner, int Sku)? series = null;
        int count = 0;
        while (hours.Next(out HourTotal total))
        {
            if (series != (total.OwnerKey, total.SkuKey))
            {
                if (count == DayPart.SeriesMaximum)
                {
                    after = series;
                    break;
                }

                series = (total.OwnerKey, total.SkuKey);
                count++;
            }

            part.Add(total);
        }

        return count == 0 ? null : part.Finish();
    }

    private async Task<long> SkipEmptyAsync(Database database, long day, long closedDay)
    {
        await writer.ChangeAsync(store => days.Begin(store, closedDay - 1), CancellationToken.None); // what changes meanwhile is noted
        long next = file.Read(() => NextDay(database, day, closedDay));
        await writer.ChangeAsync(store => RolledUpDays.Advance(store, next), CancellationToken.None);
        return next;
    }

    // Each series' first hour from the day on.
    private static long NextDay(Database database, long day, long closedDay)
    {
        long next = closedDay;
        using var hours = new HourCursor(database, new HourRange(HourRange.OfDay(day).FromHour, HourRange.OfDay(closedDay).FromHour), (_, _) => true, null);
        while (hours.Next(out HourTotal total))
        {
            next = Math.Min(next, HourRange.DayOf(total.Hour));
            hours.SkipAfter(total.OwnerKey, total.SkuKey);
        }

        return next;
    }
}
