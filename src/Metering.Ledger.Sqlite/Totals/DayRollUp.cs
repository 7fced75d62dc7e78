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
    private long? _hourOfTooMany;

    /// <summary>Begins to look for days, now and then.</summary>
    public void Start() => _rolling = Task.Run(RollNowAndThenAsync);

    /// <summary>Which days are rolled up, and what of the others is packed.</summary>
    public RolledUpDays Days => days;

    /// <summary>Rolls up everything that can be, and packs the hours of the other days that are over.</summary>
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

            long closedHour = HourRange.HourOf(MeteringClock.ToUnixNanoseconds(time.GetUtcNow() - options.RollUpDelay));
            long closedDay = HourRange.DayOf(closedHour);
            for (long day = file.Read(() => RolledUpDays.EndDay(database)); day < closedDay; day++)
            {
                if (await RollUpAsync(database, day, cancellationToken) > 0)
                    rolled++;
                else
                    day = await SkipEmptyAsync(database, day, closedDay) - 1;
            }

            await PackOpenHoursAsync(database, closedHour, cancellationToken);
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
        long totals = 0;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            DayPart? made = file.Read(() => DayPartWriter.Make(database, day, HourRange.OfDay(day), ref after, ref totals));
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

    private async Task PackOpenHoursAsync(Database database, long closedHour, CancellationToken cancellationToken)
    {
        if (closedHour == _hourOfTooMany || days.Open?.Range.ToHour == closedHour)
            return;
        await writer.ChangeAsync(_ => days.BeginOpen(closedHour), cancellationToken);
        OpenHours? open = file.Read(() => OpenHours.Pack(database, closedHour, cancellationToken));
        await writer.ChangeAsync(_ => days.EndOpen(open), cancellationToken);
        _hourOfTooMany = open is null ? closedHour : null;
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
