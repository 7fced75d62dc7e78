using System.Globalization;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>Where the windows of a question begin and end.</summary>
public static class UsageWindows
{
    private const int SecondsPerHour = 3600;

    // What a record's timestamp can say: nanoseconds in 64 bits.
    private static readonly HourRange Possible = new(HourRange.HourOf(long.MinValue), HourRange.HourOf(long.MaxValue) + 1);

    /// <summary>Whether there are so many windows that the ledger should say first where it holds anything.</summary>
    public static bool IsOpen(UsageQuestion question) => question.Window != UsageWindow.All && (
        question.Range.FromHour < Possible.FromHour || question.Range.ToHour > Possible.ToHour
        || question.Range.ToHour - question.Range.FromHour > Limits.UsageWindows);

    /// <summary>The windows' edges in hours, ascending: none, or two and more.</summary>
    /// <param name="question">The question.</param>
    /// <param name="bounds">Where the ledger holds anything, if that was asked: windows beyond are left out.</param>
    /// <param name="fault">What is wrong with the question, or null.</param>
    public static IReadOnlyList<long> EdgesOf(UsageQuestion question, HourRange? bounds, out FieldFault? fault)
    {
        fault = null;
        HourRange range = question.Range.And(Possible);
        HourRange held = range.And(bounds ?? Possible);
        if (held.IsEmpty)
            return [];
        if (question.Window == UsageWindow.All)
            return [range.FromHour, range.ToHour];
        var edges = new List<long>();
        foreach (long seconds in StartsIn(question, held))
        {
            if (seconds % SecondsPerHour != 0)
            {
                fault = Odd(question, seconds);
                return [];
            }

            long edge = Math.Clamp(seconds / SecondsPerHour, range.FromHour, range.ToHour);
            if (edges.Count == 0 || edge > edges[^1])
                edges.Add(edge);
            if (edges.Count > Limits.UsageWindows + 1)
            {
                fault = new("window", $"gives more than {Limits.UsageWindows} windows: ask for a shorter range or longer windows");
                return [];
            }
        }

        return edges;
    }

    // The beginning of each window that holds some of these hours, and of the one after.
    private static IEnumerable<long> StartsIn(UsageQuestion question, HourRange hours)
    {
        (long first, long end) = (hours.FromHour * SecondsPerHour, hours.ToHour * SecondsPerHour);
        if (question.Window == UsageWindow.Hour)
        {
            for (long start = first; start <= end; start += SecondsPerHour)
                yield return start + ((long)question.Zone.OffsetAt(start).TotalSeconds % SecondsPerHour);
            yield break;
        }

        bool isMonth = question.Window == UsageWindow.Month;
        DateOnly date = question.Zone.DateOf(first);
        if (isMonth)
            date = new DateOnly(date.Year, date.Month, 1);
        for (; ; date = isMonth ? date.AddMonths(1) : date.AddDays(1))
        {
            // What begins before the range is cut off at it: there, within an hour does not matter.
            long start = question.Zone.StartOf(date);
            bool isCut = start < first && first / SecondsPerHour == question.Range.FromHour;
            bool isLast = start >= end;
            if (isLast && end / SecondsPerHour == question.Range.ToHour)
                start = end;
            yield return isCut ? first : start;
            if (isLast)
                yield break;
        }
    }

    private static FieldFault Odd(UsageQuestion question, long seconds)
    {
        TimeSpan offset = question.Zone.OffsetAt(seconds);
        string sign = offset < TimeSpan.Zero ? "-" : "+";
        string windows = question.Window switch { UsageWindow.Hour => "hours", UsageWindow.Day => "days", _ => "months" };
        string moment = DateTime.UnixEpoch.AddSeconds(seconds).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        string form = offset.Seconds == 0 ? "hh':'mm" : "hh':'mm':'ss";
        return new(
            "time_zone",
            $"{question.Zone.Name} is at UTC{sign}{offset.ToString(form, CultureInfo.InvariantCulture)} on {moment}: its {windows} begin within an hour of UTC, "
            + "and totals are kept by hours of UTC. Ask for one total of the whole range (ALL), or in a zone at whole hours from UTC");
    }
}
