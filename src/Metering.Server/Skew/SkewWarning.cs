using System.Globalization;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// The warning of a sender whose records are still accepted and soon may not be: they are older than most of the acceptance
/// window, or further ahead than most of the future tolerance.
/// </summary>
/// <param name="window">Greatest age of a record.</param>
/// <param name="futureTolerance">Greatest lead of a record.</param>
public sealed class SkewWarning(TimeSpan window, TimeSpan futureTolerance)
{
    /// <summary>The trailer, and the header over REST, that carries it.</summary>
    public const string Name = "metering-clock-skew-warning";

    /// <summary>Greatest age of a record.</summary>
    public TimeSpan Window { get; } = window;

    /// <summary>Greatest lead of a record.</summary>
    public TimeSpan FutureTolerance { get; } = futureTolerance;

    /// <summary>Accepted records that lag by more than this are warned of.</summary>
    public TimeSpan Lag { get; } = window * Limits.SkewWarningPercent / 100;

    /// <summary>Accepted records that lead by more than this are warned of.</summary>
    public TimeSpan Lead { get; } = futureTolerance * Limits.SkewWarningPercent / 100;

    /// <summary>Whether there is anything to warn of.</summary>
    internal bool IsDue(in SkewExtremes extremes) =>
        extremes.LagMilliseconds > (long)Lag.TotalMilliseconds || extremes.LeadMilliseconds > (long)Lead.TotalMilliseconds;

    /// <summary>The warning, in printable ASCII.</summary>
    internal string WordsFor(in SkewExtremes extremes)
    {
        var lag = TimeSpan.FromMilliseconds(extremes.LagMilliseconds);
        var lead = TimeSpan.FromMilliseconds(extremes.LeadMilliseconds);
        string late = lag <= Lag ? "" : $"An accepted record is {Show(lag)} old; from {Show(Window)} on, records are EXPIRED. Send usage sooner. ";
        string early = lead <= Lead ? "" : $"An accepted record is {Show(lead)} ahead of this server's clock; "
            + $"beyond {Show(FutureTolerance)} it is INVALID_TIMESTAMP. ";
        return $"{late}{early}Check the sender's clock (NTP).";
    }

    /// <summary>A time as people say it, in its two greatest units.</summary>
    internal static string Show(TimeSpan time) => time switch
    {
        { TotalDays: >= 1 } => Pair((long)time.TotalDays, "d", time.Hours, "h"),
        { TotalHours: >= 1 } => Pair(time.Hours, "h", time.Minutes, "min"),
        { TotalMinutes: >= 1 } => Pair(time.Minutes, "min", time.Seconds, "s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.###} s"),
    };

    private static string Pair(long first, string firstUnit, int second, string secondUnit) =>
        second == 0 ? $"{first} {firstUnit}" : $"{first} {firstUnit} {second} {secondUnit}";
}
