using System.Globalization;

namespace Metering.Cli;

/// <summary>Dates and times as they are typed, in a time zone.</summary>
internal static class ZonedTime
{
    private static readonly string[] LocalForms = ["yyyy-MM-dd", "yyyy-MM", "yyyy-MM-dd'T'HH:mm", "yyyy-MM-dd'T'HH:mm:ss"];
    private static readonly string[] ExactForms = ["yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    /// <summary>The zone of an IANA name; UTC when there is none.</summary>
    /// <exception cref="CommandException">This machine knows no such zone.</exception>
    public static TimeZoneInfo ZoneOf(string? name)
    {
        if (name is null or "UTC")
            return TimeZoneInfo.Utc;
        bool isPlain = name.Length > 0 && char.IsAsciiLetterUpper(name[0]) && !name.Contains("..", StringComparison.Ordinal);
        if (isPlain && TimeZoneInfo.TryFindSystemTimeZoneById(name, out TimeZoneInfo? zone) && zone.HasIanaId)
            return zone;
        throw new CommandException(ExitCodes.BadUsage, $"--time-zone '{name}' is no time zone that this machine knows: expected an IANA name such as Europe/Moscow.");
    }

    /// <summary>A date, a month or a local time in the zone, or RFC 3339 with an offset of its own.</summary>
    /// <exception cref="CommandException">It is none of them.</exception>
    public static DateTimeOffset Parse(string option, string text, TimeZoneInfo zone)
    {
        if (DateTime.TryParseExact(text, LocalForms, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTime local))
            return OfLocal(local, zone);
        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (DateTimeOffset.TryParseExact(text, ExactForms, CultureInfo.InvariantCulture, Utc, out DateTimeOffset moment))
            return moment;
        throw new CommandException(
            ExitCodes.BadUsage, $"{option} '{text}' is no time: expected a date such as 2026-01-31, or 2026-01-31T12:00:00Z.");
    }

    /// <summary>The moment of a local time: of two the earlier one; where clocks leap over it, the moment when they do.</summary>
    public static DateTimeOffset OfLocal(DateTime local, TimeZoneInfo zone)
    {
        while (zone.IsInvalidTime(local))
            local = local.AddMinutes(1);
        TimeSpan offset = zone.IsAmbiguousTime(local) ? zone.GetAmbiguousTimeOffsets(local).Max() : zone.GetUtcOffset(local);
        return new DateTimeOffset(local, offset);
    }

    /// <summary>An offset from UTC, as people write it.</summary>
    public static string TextOf(TimeSpan offset) =>
        (offset < TimeSpan.Zero ? "-" : "+") + offset.ToString("hh':'mm", CultureInfo.InvariantCulture);
}
