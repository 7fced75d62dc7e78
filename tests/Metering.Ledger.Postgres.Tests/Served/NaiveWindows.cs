using System.Globalization;
using System.Text.Json.Nodes;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>
/// The window of a moment, found by walking from it in steps of a quarter of an hour until the local hour, date or month is
/// another. No rule about changes of clocks is needed for that.
/// </summary>
internal sealed class NaiveWindows(JsonObject question)
{
    private static readonly TimeSpan Step = TimeSpan.FromMinutes(15);

    private readonly TimeZoneInfo _zone = TimeZoneInfo.FindSystemTimeZoneById((string?)question["timeZone"] ?? "UTC");
    private readonly DateTimeOffset? _from = Moment(question["from"]);
    private readonly DateTimeOffset? _to = Moment(question["to"]);
    private readonly Dictionary<DateTimeOffset, string> _windows = [];

    /// <summary>Beginning and end, each cut off at the range's; nothing for one window of everything.</summary>
    public string Of(DateTimeOffset moment)
    {
        if (((string?)question["window"] ?? "ALL") == "ALL")
            return " ";
        var quarter = new DateTimeOffset(moment.UtcTicks - (moment.UtcTicks % Step.Ticks), TimeSpan.Zero);
        if (!_windows.TryGetValue(quarter, out string? window))
            _windows[quarter] = window = Walk(quarter);
        return window;
    }

    private string Walk(DateTimeOffset quarter)
    {
        DateTimeOffset start = quarter, end = quarter + Step;
        string name = NameOf(quarter);
        while (NameOf(start - Step) == name)
            start -= Step;
        while (NameOf(end) == name)
            end += Step;
        return $"{Text(start < _from ? _from.Value : start)} {Text(end > _to ? _to.Value : end)}";
    }

    // An hour that comes twice, in autumn, is two.
    private string NameOf(DateTimeOffset moment)
    {
        DateTimeOffset local = TimeZoneInfo.ConvertTime(moment, _zone);
        return (string)question["window"]! switch
        {
            "HOUR" => local.ToString("yyyy-MM-dd HH zzz", CultureInfo.InvariantCulture),
            "DAY" => local.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            _ => local.ToString("yyyy-MM", CultureInfo.InvariantCulture),
        };
    }

    private static DateTimeOffset? Moment(JsonNode? text) => text is null ? null : DateTimeOffset.Parse((string)text!, CultureInfo.InvariantCulture);

    private static string Text(DateTimeOffset moment) => moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
