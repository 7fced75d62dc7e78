using System.Globalization;
using System.Text.RegularExpressions;

namespace Metering.Load;

/// <summary>How far a run is, told about every second.</summary>
/// <param name="Seconds">Since sending began.</param>
/// <param name="Accepted">Records accepted since then.</param>
/// <param name="Judged">Records with any verdict since then.</param>
/// <param name="AcceptedPerSecond">Since the last time that this was told.</param>
/// <param name="RejectedPerSecond">Since the last time that this was told.</param>
/// <param name="FailedPerSecond">Requests without an answer of status OK, since the last time that this was told.</param>
internal readonly partial record struct LoadProgress(
    double Seconds, long Accepted, long Judged, double AcceptedPerSecond, double RejectedPerSecond, double FailedPerSecond)
{
    /// <summary>The line for people, which <see cref="TryRead"/> reads again.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Seconds,6:F1} s  {Judged,13:N0} records  {AcceptedPerSecond,11:N0} accepted/s  {RejectedPerSecond,9:N0} rejected/s  {FailedPerSecond,9:N0} failed requests/s");

    /// <summary>Reads what a load in another process told, as far as it says where the run is.</summary>
    /// <param name="line">A line of its messages.</param>
    /// <param name="seconds">Since sending began, rounded to a tenth.</param>
    /// <param name="judged">Records with any verdict since then.</param>
    public static bool TryRead(string line, out double seconds, out long judged)
    {
        (seconds, judged) = (0, 0);
        Match match = Line().Match(line);
        return match.Success
            && double.TryParse(match.Groups["seconds"].ValueSpan, CultureInfo.InvariantCulture, out seconds)
            && long.TryParse(match.Groups["judged"].ValueSpan, NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out judged);
    }

    [GeneratedRegex(@"^\s*(?<seconds>[\d.]+) s\s+(?<judged>[\d,]+) records\s", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Line();
}
