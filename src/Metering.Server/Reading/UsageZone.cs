using Metering.Ledger;

namespace Metering.Server;

/// <summary>A time zone: where days and months begin.</summary>
public sealed class UsageZone
{
    /// <summary>Coordinated universal time.</summary>
    public static readonly UsageZone Utc = new("UTC", TimeZoneInfo.Utc);

    private readonly TimeZoneInfo _zone;

    private UsageZone(string name, TimeZoneInfo zone) => (Name, _zone) = (name, zone);

    /// <summary>Its IANA name.</summary>
    public string Name { get; }

    /// <summary>Finds a zone by its IANA name; false when this machine knows none.</summary>
    public static bool TryFind(string name, out UsageZone zone)
    {
        zone = Utc;
        if (name.Length == 0 || name == "UTC")
            return true;
        if (!IsName(name) || !TimeZoneInfo.TryFindSystemTimeZoneById(name, out TimeZoneInfo? found) || !found.HasIanaId)
            return false;
        zone = new UsageZone(name, found);
        return true;
    }

    /// <summary>The date that a moment falls on.</summary>
    public DateOnly DateOf(long unixSeconds) => DateOnly.FromDateTime(DateTime.UnixEpoch.AddSeconds(unixSeconds) + OffsetAt(unixSeconds));

    /// <summary>How far clocks are ahead of UTC at a moment.</summary>
    public TimeSpan OffsetAt(long unixSeconds) => _zone.GetUtcOffset(DateTime.UnixEpoch.AddSeconds(unixSeconds));

    /// <summary>
    /// The first moment of a day, in seconds since 1970-01-01T00:00:00Z: midnight; of two midnights the earlier one; and where
    /// clocks leap over it, or over the whole day, the moment when they do.
    /// </summary>
    public long StartOf(DateOnly date)
    {
        var midnight = date.ToDateTime(TimeOnly.MinValue);
        long unixSeconds = (midnight.Ticks - DateTime.UnixEpoch.Ticks) / TimeSpan.TicksPerSecond;
        if (_zone.IsInvalidTime(midnight))
            return LeapNear(unixSeconds);
        TimeSpan ahead = _zone.IsAmbiguousTime(midnight) ? _zone.GetAmbiguousTimeOffsets(midnight).Max() : _zone.GetUtcOffset(midnight);
        return unixSeconds - (long)ahead.TotalSeconds;
    }

    // Where clocks go from one offset to a greater one, within a day of this local time.
    private long LeapNear(long localUnixSeconds)
    {
        const long Day = 24 * 3600;
        (long before, long after) = (localUnixSeconds - (2 * Day), localUnixSeconds + (2 * Day));
        TimeSpan offset = OffsetAt(before);
        while (after - before > 1)
        {
            long middle = before + ((after - before) / 2);
            (before, after) = OffsetAt(middle) == offset ? (middle, after) : (before, middle);
        }

        return after;
    }

    // Names begin with a capital, and consist of these characters: nothing else is looked for in the file system.
    private static bool IsName(string name) =>
        name.Length <= Limits.TimeZoneCharacters && char.IsAsciiLetterUpper(name[0])
        && name.All(character => char.IsAsciiLetterOrDigit(character) || character is '/' or '_' or '+' or '-');
}
