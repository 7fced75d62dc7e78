namespace Metering.Ledger.Sqlite;

/// <summary>
/// One reading of sums, of one state: a read transaction that lasts from the first list to the last. Days that are rolled up
/// are read from their roll-up, hours that are packed from memory, everything else from the hours.
/// </summary>
internal sealed class TotalReading : IDisposable
{
    // Windows that may be read together, whatever comes of them: most sums that are held are so many times the groups.
    private const int WindowsTogether = 64;
    private const int FewTotals = 4096;

    private readonly Database _database;
    private readonly TotalQuery _query;
    private readonly TimeSpan _lifetime;
    private readonly TimeProvider _time;
    private readonly long _startedAt;
    private readonly Statement _parts;
    private readonly Statement _nextDay;
    private readonly List<long> _changed;
    private readonly long _endDay;
    private readonly OpenHours? _open;
    private long _spanHours = HourRange.HoursPerDay;

    /// <summary>Begins the transaction; the reading owns the connection from here on.</summary>
    public TotalReading(Database database, TotalQuery query, RolledUpDays days, TimeSpan lifetime, TimeProvider time)
    {
        (_database, _query, _lifetime, _time, _startedAt) = (database, query, lifetime, time, time.GetTimestamp());
        database.Execute("BEGIN");
        _endDay = RolledUpDays.EndDay(database);
        _changed = RolledUpDays.Changed(database);
        _open = FindOpen(days);
        _parts = database.Prepare("""
            SELECT day, first_owner, last_owner, series, sums, hours FROM day_total WHERE day >= ?1 AND day < ?2 ORDER BY day, part
            """);
        _nextDay = database.Prepare("SELECT coalesce(min(day), 9223372036854775807) FROM day_total WHERE day >= ?1");
    }

    /// <summary>Reads some windows; those that follow after the last window with sums, or none at the end.</summary>
    /// <param name="window">The first window to read; then the one after those that were read.</param>
    public List<WindowTotal> Next(ref int window, CancellationToken cancellationToken)
    {
        IReadOnlyList<long> edges = _query.Edges;
        window = SkipEmpty(window);
        if (window >= edges.Count - 1)
            return [];
        int last = window;
        while (last + 2 < edges.Count && edges[last + 2] - edges[window] <= _spanHours
            && (last - window < WindowsTogether || edges[last + 2] - edges[window] <= HourRange.HoursPerDay))
        {
            last++;
        }

        var sums = new WindowSums(edges, window, last - window + 1);
        var range = new HourRange(edges[window], edges[last + 1]);
        ReadRolledUp(range, sums, window, cancellationToken);
        ReadPacked(range, sums, window, cancellationToken);
        foreach (HourRange open in OpenRanges(range))
            ReadHours(open, sums, window, cancellationToken);
        window = last + 1;
        List<WindowTotal> totals = sums.ToList();
        // A window that ends within a day shares it with the next: together they are read once. But nobody may want so many.
        if (totals.Count <= FewTotals)
            _spanHours *= 2;
        return totals;
    }

    /// <summary>See <see cref="ITotalReader.BoundsAsync"/>.</summary>
    public HourRange Bounds()
    {
        using Statement last = _database.Prepare("SELECT hour FROM hour_total WHERE owner = ?1 AND sku = ?2 ORDER BY hour DESC LIMIT 1");
        using Statement days = _database.Prepare("SELECT min(day), max(day) + 1, count(*) FROM day_total WHERE day < ?1");
        long first = long.MaxValue, end = long.MinValue;
        if (days.Bind(1, _endDay).Step() && days.Number(2) > 0)
            (first, end) = (days.Number(0) * HourRange.HoursPerDay, days.Number(1) * HourRange.HoursPerDay);
        using var cursor = new HourCursor(_database, HourRange.All, _query.Covers, null);
        while (cursor.Next(out HourTotal total))
        {
            first = Math.Min(first, total.Hour);
            if (last.Bind(1, total.OwnerKey).Bind(2, total.SkuKey).Step())
                end = Math.Max(end, last.Number(0) + 1);
            last.Reset();
            cursor.SkipAfter(total.OwnerKey, total.SkuKey);
        }

        return first < end ? new HourRange(first, end) : HourRange.Empty;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _parts.Dispose();
        _nextDay.Dispose();
        _database.Dispose();
    }

    // Leaps over windows that lie in rolled-up days without totals.
    private int SkipEmpty(int window)
    {
        IReadOnlyList<long> edges = _query.Edges;
        if (window >= edges.Count - 1)
            return window;
        long day = HourRange.DayOf(edges[window]);
        long next = _nextDay.Bind(1, day).Step() ? Math.Min(_nextDay.Number(0), _endDay) : _endDay;
        _nextDay.Reset();
        int place = _changed.BinarySearch(day);
        if (place >= 0 || ~place < _changed.Count)
            next = Math.Min(next, _changed[place >= 0 ? place : ~place]);
        while (window < edges.Count - 1 && edges[window + 1] <= next * HourRange.HoursPerDay)
            window++;
        return window;
    }

    // After the reading's state is fixed: what is found then was changed by no commit of that state. It can be newer than that.
    private OpenHours? FindOpen(RolledUpDays days) =>
        days.Open is { } open && open.Range.FromHour <= _endDay * HourRange.HoursPerDay
            && open.Batch <= _database.QueryNumber("SELECT max(number) FROM batch")
            ? open
            : null;

    // From here on hours are read one by one.
    private long OpenFrom => Math.Max(_endDay * HourRange.HoursPerDay, _open?.Range.ToHour ?? long.MinValue);

    private bool IsRolledUp(long day) => day < _endDay && _changed.BinarySearch(day) < 0;

    private void ReadRolledUp(HourRange range, WindowSums sums, int window, CancellationToken cancellationToken)
    {
        _parts.Bind(1, HourRange.DayOf(range.FromHour)).Bind(2, Math.Min(_endDay, HourRange.DayOf(range.ToHour - 1) + 1));
        while (_parts.Step())
        {
            Check(cancellationToken);
            long day = _parts.Number(0);
            if (!IsRolledUp(day) || !HasOwner(_parts.Number(1), _parts.Number(2)))
                continue;
            bool isSplit = IsSplit(HourRange.OfDay(day), range, sums, ref window);
            ReadOnlySpan<byte> packedHours = isSplit ? _parts.Bytes(5) : default;
            var part = new DayPartReader(day, _parts.Number(1), _parts.Number(3), _parts.Bytes(4), packedHours, isSplit);
            Add(ref part, isSplit, range, sums, window);
        }

        _parts.Reset();
    }

    private void ReadPacked(HourRange range, WindowSums sums, int window, CancellationToken cancellationToken)
    {
        if (_open is null || range.ToHour <= _endDay * HourRange.HoursPerDay)
            return;
        foreach ((long day, DayPart packed) in _open.Parts)
        {
            HourRange hours = HourRange.OfDay(day).And(_open.Range);
            if (day < _endDay || hours.And(range).IsEmpty || !HasOwner(packed.FirstOwner, packed.LastOwner))
                continue;
            Check(cancellationToken);
            bool isSplit = IsSplit(hours, range, sums, ref window);
            var part = new DayPartReader(day, packed.FirstOwner, packed.Series, packed.Sums, isSplit ? packed.Hours : default, isSplit);
            Add(ref part, isSplit, range, sums, window);
        }
    }

    // Whether some of these hours are not asked for, or lie in different windows.
    private bool IsSplit(HourRange hours, HourRange range, WindowSums sums, ref int window)
    {
        window = sums.WindowOf(Math.Max(hours.FromHour, range.FromHour), window);
        return hours.FromHour < range.FromHour || hours.ToHour > range.ToHour || hours.ToHour > _query.Edges[window + 1];
    }

    private void Add(ref DayPartReader part, bool isSplit, HourRange range, WindowSums sums, int window)
    {
        if (isSplit)
            AddHours(ref part, range, sums, window);
        else
            AddDay(ref part, sums, window);
    }

    private void AddDay(ref DayPartReader part, WindowSums sums, int window)
    {
        while (part.Next())
        {
            HourTotal sum = part.Sum;
            int group = _query.GroupOf(sum.OwnerKey, sum.SkuKey);
            if (group >= 0)
                sums.Add(window, group, sum.Quantity, sum.Records);
        }
    }

    private void AddHours(ref DayPartReader part, HourRange range, WindowSums sums, int firstWindow)
    {
        while (part.Next())
        {
            HourTotal series = part.Sum;
            int group = _query.GroupOf(series.OwnerKey, series.SkuKey);
            int window = firstWindow;
            long end = _query.Edges[window + 1], records = 0;
            Int128 quantity = 0;
            for (uint bits = part.HourBits; bits != 0; bits &= bits - 1)
            {
                long hour = series.Hour + System.Numerics.BitOperations.TrailingZeroCount(bits);
                (Int128 hourQuantity, long hourRecords) = part.NextHour();
                if (group < 0 || hour < range.FromHour || hour >= range.ToHour)
                    continue;
                if (hour >= end)
                {
                    if (records > 0)
                        sums.Add(window, group, quantity, records);
                    (quantity, records) = (0, 0);
                    window = sums.WindowOf(hour, window);
                    end = _query.Edges[window + 1];
                }

                quantity = checked(quantity + hourQuantity);
                records += hourRecords;
            }

            if (records > 0)
                sums.Add(window, group, quantity, records);
        }
    }

    // Neighbouring days without a roll-up, as one range each.
    private List<HourRange> OpenRanges(HourRange range)
    {
        var open = new List<HourRange>();
        foreach (long day in _changed)
        {
            HourRange hours = HourRange.OfDay(day).And(range);
            if (day < _endDay && !hours.IsEmpty)
                Extend(open, hours);
        }

        HourRange rest = range.And(new HourRange(OpenFrom, long.MaxValue));
        if (!rest.IsEmpty)
            Extend(open, rest);
        return open;
    }

    private static void Extend(List<HourRange> ranges, HourRange next)
    {
        if (ranges.Count > 0 && ranges[^1].ToHour == next.FromHour)
            ranges[^1] = ranges[^1] with { ToHour = next.ToHour };
        else
            ranges.Add(next);
    }

    private void ReadHours(HourRange range, WindowSums sums, int firstWindow, CancellationToken cancellationToken)
    {
        using var hours = new HourCursor(_database, range, _query.Covers, _query.Owners);
        int window = firstWindow, rows = 0;
        long before = long.MaxValue;
        while (hours.Next(out HourTotal total))
        {
            if ((++rows & 0xFFFF) == 0)
                Check(cancellationToken);
            window = sums.WindowOf(total.Hour, total.Hour < before ? firstWindow : window);
            before = total.Hour;
            sums.Add(window, _query.GroupOf(total.OwnerKey, total.SkuKey), total.Quantity, total.Records);
        }
    }

    private bool HasOwner(long first, long last)
    {
        if (_query.Owners is not { } owners)
            return true;
        foreach (int owner in owners)
        {
            if (owner >= first)
                return owner <= last;
        }

        return false;
    }

    private void Check(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (_time.GetElapsedTime(_startedAt) > _lifetime)
            throw new StoreException($"Reading took longer than {_lifetime} and was given up. Ask for a shorter range.");
    }
}
