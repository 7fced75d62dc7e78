using System.Globalization;

namespace Metering.Cli;

/// <summary>An age as people type it: a whole number of hours or days.</summary>
internal static class Age
{
    private const int DaysMaximum = 36_500;

    /// <summary>Reads an age.</summary>
    /// <exception cref="CommandException">It is none.</exception>
    public static TimeSpan Read(string option, string text)
    {
        int hours = text.Length > 1 ? text[^1] switch { 'h' => 1, 'd' => 24, _ => 0 } : 0;
        return hours > 0 && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            && (long)number * hours <= DaysMaximum * 24L
            ? TimeSpan.FromHours((long)number * hours)
            : throw new CommandException(
                ExitCodes.BadUsage, $"{option} '{text}' is no age: expected hours or days, such as 36h or 90d, up to {DaysMaximum}d.");
    }
}
