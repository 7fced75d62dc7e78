using System.Globalization;
using System.Net;
using System.Text;

namespace Metering.Bench;

/// <summary>
/// Records a second as bars, in SVG, readable on a light and on a dark page. The axis is linear from zero; a bar that would make all
/// others small is cut off, and marked as cut off, with its value beside it.
/// </summary>
internal static class BarChart
{
    private const int Width = 910, LabelWidth = 440, ValueWidth = 110, RowHeight = 34, BarHeight = 20, Top = 48, Bottom = 52;
    private const int PlotWidth = Width - LabelWidth - ValueWidth;
    private const int TicksWanted = 5;

    private const string Style =
        """
        <style>
          text { font: 13px system-ui, sans-serif; fill: #1f2328; }
          .title { font-size: 15px; font-weight: 600; }
          .faint { fill: #59636e; }
          .grid { stroke: #d1d9e0; }
          .other { fill: #8c959f; }
          .ours { fill: #0969da; }
          .cut { stroke: #ffffff; stroke-width: 3; }
          @media (prefers-color-scheme: dark) {
            text { fill: #f0f6fc; }
            .faint { fill: #9198a1; }
            .grid { stroke: #3d444d; }
            .other { fill: #656c76; }
            .ours { fill: #4493f8; }
            .cut { stroke: #0d1117; }
          }
        </style>

        """;

    public static string Of(BenchResult result) => Of(
        $"Records a second, median of {result.Options.Rounds}, on {result.Machine.Processors} processors shared with the load",
        [.. result.Contenders.Select(contender => new Bar(
            contender.Does, contender.RecordsPerSecond, IsOurs: Parts.IsOurs(contender.Name), IsBound: contender.Name == Parts.Disk))]);

    internal static string Of(string title, IReadOnlyList<Bar> bars)
    {
        int plotHeight = bars.Count * RowHeight;
        int height = Top + plotHeight + Bottom;
        Bar[] scaled = [.. bars.Where(bar => !bar.IsBound)];
        double greatest = (scaled.Length > 0 ? scaled : bars).Select(bar => bar.Value).DefaultIfEmpty(1).Max();
        double step = StepOf(greatest / TicksWanted);
        double end = Math.Max(step, Math.Ceiling(greatest / step) * step);
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture,
            $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {Width} {height}\" width=\"{Width}\" height=\"{height}\" role=\"img\" aria-label=\"{Escape(title)}\">\n");
        svg.Append(Style);
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"title\" x=\"12\" y=\"26\">{Escape(title)}</text>\n");
        for (int tick = 0; tick * step <= end; tick++)
            AppendTick(svg, tick * step, LabelWidth + (tick * step / end * PlotWidth), Top + plotHeight);
        svg.Append(CultureInfo.InvariantCulture,
            $"<text class=\"faint\" x=\"{LabelWidth + (PlotWidth / 2)}\" y=\"{height - 10}\" text-anchor=\"middle\">records a second</text>\n");
        for (int row = 0; row < bars.Count; row++)
            AppendBar(svg, bars[row], Top + (row * RowHeight), end);
        return svg.Append("</svg>\n").ToString();
    }

    private static void AppendTick(StringBuilder svg, double value, double x, int bottom)
    {
        svg.Append(CultureInfo.InvariantCulture, $"<line class=\"grid\" x1=\"{x:F1}\" y1=\"{Top - 6}\" x2=\"{x:F1}\" y2=\"{bottom}\"/>\n");
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"faint\" x=\"{x:F1}\" y=\"{bottom + 18}\" text-anchor=\"middle\">{Shorten(value)}</text>\n");
    }

    private static void AppendBar(StringBuilder svg, Bar bar, int top, double end)
    {
        bool isCut = bar.Value > end;
        double length = Math.Max(1, Math.Min(1, bar.Value / end) * PlotWidth);
        int y = top + ((RowHeight - BarHeight) / 2), baseline = y + BarHeight - 5;
        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{LabelWidth - 10}\" y=\"{baseline}\" text-anchor=\"end\">{Escape(bar.Label)}</text>\n");
        svg.Append(CultureInfo.InvariantCulture,
            $"<rect class=\"{(bar.IsOurs ? "ours" : "other")}\" x=\"{LabelWidth}\" y=\"{y}\" width=\"{length:F1}\" height=\"{BarHeight}\" rx=\"2\"/>\n");
        if (isCut)
        {
            double x = LabelWidth + length - 24;
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"cut\" x1=\"{x:F1}\" y1=\"{y + BarHeight + 3}\" x2=\"{x + 8:F1}\" y2=\"{y - 3}\"/>\n");
        }

        svg.Append(CultureInfo.InvariantCulture, $"<text x=\"{LabelWidth + length + 8:F1}\" y=\"{baseline}\">{bar.Value:N0}</text>\n");
    }

    // 1, 2 or 5 times a power of ten, at least as large as what is wanted.
    private static double StepOf(double wanted)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(Math.Max(1, wanted))));
        return power * (wanted <= power ? 1 : wanted <= 2 * power ? 2 : wanted <= 5 * power ? 5 : 10);
    }

    private static string Shorten(double value) => value switch
    {
        >= 1e6 => string.Create(CultureInfo.InvariantCulture, $"{value / 1e6:0.##} M"),
        >= 1e3 => string.Create(CultureInfo.InvariantCulture, $"{value / 1e3:0.##} k"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{value:0.##}"),
    };

    private static string Escape(string text) => WebUtility.HtmlEncode(text);

    /// <summary>A bar.</summary>
    /// <param name="Label">What it is.</param>
    /// <param name="Value">How long it is.</param>
    /// <param name="IsOurs">Whether it is this server's.</param>
    /// <param name="IsBound">Whether it may be cut off so that the others can be told apart.</param>
    internal sealed record Bar(string Label, double Value, bool IsOurs, bool IsBound);
}
