using System.Globalization;
using Google.Protobuf.WellKnownTypes;

namespace Metering.Cli;

/// <summary>A moment as people type it: a date, or RFC 3339; of UTC unless it says otherwise.</summary>
internal static class Moment
{
    private const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;

    private static readonly string[] Forms =
        ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    /// <summary>Reads a moment; null stays null.</summary>
    /// <exception cref="CommandException">It is none.</exception>
    public static Timestamp? Read(string option, string? text)
    {
        if (text is null)
            return null;
        return DateTimeOffset.TryParseExact(text, Forms, CultureInfo.InvariantCulture, Utc, out DateTimeOffset moment)
            ? Timestamp.FromDateTimeOffset(moment)
            : throw new CommandException(
                ExitCodes.BadUsage, $"{option} '{text}' is no time: expected a date such as 2026-01-31, or 2026-01-31T12:00:00Z.");
    }
}
