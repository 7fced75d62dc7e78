namespace Metering.Ledger.Sqlite;

/// <summary>
/// Which days have a roll-up that holds. The writer's thread alone changes that, in its transactions: a total that changes
/// in a day that was rolled up takes the day's roll-up out of use in the same transaction, so that nobody reads one that
/// is not exact. For every other total it is two comparisons. The packed hours of the other days are dropped in the same way, before
/// the commit: who begins to read and then finds them here knows that no commit that it sees has changed them.
/// </summary>
internal sealed class RolledUpDays : IDisposable
{
    private readonly Statement _addChange;
    private long _endHour;
    private long _openToHour = long.MinValue; // of the hours that are packed, or about to be
    private bool _isOpenChanged;
    private volatile OpenHours? _open;

    /// <summary>Takes up what is stored.</summary>
    public RolledUpDays(Database database)
    {
        _addChange = database.Prepare("INSERT INTO changed_day VALUES(?1, 1) ON CONFLICT DO UPDATE SET changes = changes + 1");
        _endHour = EndDay(database) * HourRange.HoursPerDay;
    }

    /// <summary>The day before which every day is rolled up, but those that changed.</summary>
    public static long EndDay(Database database) => database.QueryNumber("SELECT end_day FROM rolled_up");

    /// <summary>Days that were rolled up and changed since, in order.</summary>
    public static List<long> Changed(Database database)
    {
        var days = new List<long>();
        using Statement rows = database.Prepare("SELECT day FROM changed_day ORDER BY day");
        while (rows.Step())
            days.Add(rows.Number(0));
        return days;
    }

    /// <summary>The packed hours of days that are not rolled up; null when there are none that hold.</summary>
    public OpenHours? Open => _open;

    /// <summary>Notes that a total of this hour changes, in the caller's transaction.</summary>
    public void Note(long hour)
    {
        if (hour < _openToHour)
            (_isOpenChanged, _open) = (true, null);
        if (hour < _endHour)
            _addChange.Bind(1, HourRange.DayOf(hour)).Run();
    }

    /// <summary>Begins to pack the hours before this one: from here on, changes of them are noted.</summary>
    public bool BeginOpen(long toHour)
    {
        if (_open?.Range.ToHour > toHour)
            _open = null; // the clock went back: the hours between would not be watched
        (_openToHour, _isOpenChanged) = (toHour, false);
        return true;
    }

    /// <summary>Takes packed hours into use, instead of others; false when one of them changed since <see cref="BeginOpen"/>.</summary>
    public bool EndOpen(OpenHours? packed)
    {
        _open = _isOpenChanged ? null : packed;
        return !_isOpenChanged;
    }

    /// <summary>Begins to roll a day up: from here on, changes of it are noted. Gives what <see cref="End"/> needs to see them.</summary>
    public long Begin(Database database, long day)
    {
        _endHour = Math.Max(_endHour, HourRange.OfDay(day).ToHour);
        using Statement changes = database.Prepare("SELECT changes FROM changed_day WHERE day = ?1");
        return changes.Bind(1, day).Step() ? changes.Number(0) : 0;
    }

    /// <summary>Keeps a part of a day, in place of an older one.</summary>
    public static bool Add(Database database, long day, int part, DayPart made)
    {
        using Statement add = database.Prepare("INSERT OR REPLACE INTO day_total VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)");
        add.Bind(1, day).Bind(2, part).Bind(3, made.FirstOwner).Bind(4, made.LastOwner).Bind(5, made.Series)
            .Bind(6, made.Sums).Bind(7, made.Hours).Run();
        return true;
    }

    /// <summary>Takes a day's roll-up into use; false when the day changed since <see cref="Begin"/>, so that it does not hold.</summary>
    public static bool End(Database database, long day, int parts, long changes)
    {
        using Statement drop = database.Prepare("DELETE FROM day_total WHERE day = ?1 AND part >= ?2");
        using Statement settle = database.Prepare("DELETE FROM changed_day WHERE day = ?1 AND changes = ?2");
        using Statement changed = database.Prepare("SELECT count(*) FROM changed_day WHERE day = ?1");
        drop.Bind(1, day).Bind(2, parts).Run();
        settle.Bind(1, day).Bind(2, changes).Run();
        if (EndDay(database) <= day)
            Advance(database, day + 1);
        return changed.Bind(1, day).Step() && changed.Number(0) == 0;
    }

    /// <summary>Takes days without totals as rolled up.</summary>
    public static bool Advance(Database database, long endDay)
    {
        using Statement set = database.Prepare("UPDATE rolled_up SET end_day = ?1 WHERE id = 1");
        set.Bind(1, endDay).Run();
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _addChange.Dispose();
}
