using System.Globalization;
using System.Xml.Linq;

namespace Metering.Bench.Tests;

/// <summary>The chart is a document that any browser draws, and its bars are as long as their values.</summary>
public class BarChartTests
{
    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void It_is_well_formed_and_names_axis_unit_and_values()
    {
        XElement chart = XElement.Parse(BarChart.Of(SampleResult.Make()));
        Assert.Equal(Svg + "svg", chart.Name);
        string[] texts = [.. chart.Elements(Svg + "text").Select(text => text.Value)];
        Assert.Contains("this server <25>", texts);
        Assert.Contains("PostgreSQL & pgbench", texts);
        Assert.Contains("records a second", texts);
        Assert.Contains("900,000", texts);
        Assert.Contains("1 M", texts);
        Assert.Contains("prefers-color-scheme: dark", chart.Element(Svg + "style")!.Value);
    }

    [Fact]
    public void Bars_are_as_long_as_their_values_and_ours_stands_out()
    {
        XElement[] bars = [.. XElement.Parse(BarChart.Of(SampleResult.Make())).Elements(Svg + "rect")];
        Assert.Equal(0.9, Length(bars[1]) / Length(bars[0]), 2);
        Assert.Equal(0.1, Length(bars[2]) / Length(bars[0]), 2);
        Assert.Equal(["other", "ours", "other", "other"], bars.Select(bar => bar.Attribute("class")!.Value));
    }

    [Fact]
    public void A_bound_far_beyond_the_others_is_cut_off_and_marked()
    {
        XElement chart = XElement.Parse(BarChart.Of(SampleResult.Make()));
        Assert.Single(chart.Elements(Svg + "line"), line => line.Attribute("class")!.Value == "cut");
        Assert.Contains("9,000,000", chart.Elements(Svg + "text").Select(text => text.Value));
        double width = double.Parse(chart.Attribute("width")!.Value, CultureInfo.InvariantCulture);
        Assert.All(chart.Elements(Svg + "rect"), bar => Assert.InRange(Length(bar), 1, width));
    }

    [Fact]
    public void A_run_without_contenders_still_draws() => XElement.Parse(BarChart.Of("nothing", []));

    private static double Length(XElement bar) => double.Parse(bar.Attribute("width")!.Value, CultureInfo.InvariantCulture);
}
