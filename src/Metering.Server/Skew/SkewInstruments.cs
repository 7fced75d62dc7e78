using System.Diagnostics.Metrics;

namespace Metering.Server;

/// <summary>
/// The skew of timestamps as instruments of the meter <c>Metering</c>: read when somebody asks, so that a Write costs the same
/// whether anybody does.
/// </summary>
internal sealed class SkewInstruments : IDisposable
{
    /// <summary>Name of the meter.</summary>
    public const string MeterName = "Metering";

    private const string Account = "service_account_id";
    private const string Quantile = "quantile";

    private readonly Meter _meter = new(MeterName);

    /// <param name="watch">What is measured.</param>
    public SkewInstruments(SkewWatch watch)
    {
        _meter.CreateObservableGauge(
            "metering.timestamp.lag", () => Measure(watch, report => report.LagOfLastHour), "s",
            "How far timestamps of the last hour's records were behind the server's clock.");
        _meter.CreateObservableGauge(
            "metering.timestamp.lead", () => Measure(watch, report => report.LeadOfLastHour), "s",
            "How far timestamps of the last hour's records were ahead of the server's clock.");
        _meter.CreateObservableCounter(
            "metering.timestamp.warnings",
            () => watch.Report().Select(report => new Measurement<long>(report.Warnings, new KeyValuePair<string, object?>(Account, report.AccountId))),
            "{request}", "Writes whose sender was warned that its records come close to being refused for their timestamps.");
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private static IEnumerable<Measurement<double>> Measure(SkewWatch watch, Func<SkewReport, SkewSummary> choose)
    {
        foreach (SkewReport report in watch.Report())
        {
            SkewSummary summary = choose(report);
            if (summary.Records == 0)
                continue;
            yield return Of(report, "0.5", summary.P50);
            yield return Of(report, "0.99", summary.P99);
            yield return Of(report, "1", summary.Max);
        }
    }

    private static Measurement<double> Of(SkewReport report, string quantile, TimeSpan distance) => new(
        distance.TotalSeconds, new KeyValuePair<string, object?>(Account, report.AccountId), new KeyValuePair<string, object?>(Quantile, quantile));
}
