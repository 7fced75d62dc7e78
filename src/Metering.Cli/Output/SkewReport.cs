using System.Globalization;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary>The skew of accounts' timestamps as a table, as JSON or as CSV, in the latter two in seconds.</summary>
/// <param name="answer">What the server told.</param>
/// <param name="isSinceStart">Since it started, rather than over the last hour.</param>
internal sealed class SkewReport(ListSkewResponse answer, bool isSinceStart)
{
    private static readonly string[] Columns =
    [
        "service_account_id", "lag_records", "lag_p50_s", "lag_p99_s", "lag_max_s", "lead_records", "lead_p50_s", "lead_p99_s", "lead_max_s",
        "warnings", "last_write",
    ];

    /// <summary>For people.</summary>
    public void WriteTable(Terminal terminal)
    {
        if (answer.Accounts.Count == 0)
            terminal.WriteNote($"Nobody wrote since the server started, {ArchiveReport.TimeOf(answer.Started)}.");
        var table = new TextTable(
            new("account"), new("records", IsNumber: true), new("lag p50", IsNumber: true), new("p99", IsNumber: true),
            new("max", IsNumber: true), new("records ahead", IsNumber: true), new("lead p50", IsNumber: true), new("p99", IsNumber: true),
            new("max", IsNumber: true), new("warnings", IsNumber: true), new("last write", IsOptional: true));
        foreach (AccountSkew account in answer.Accounts)
        {
            TimestampSkew skew = Chosen(account);
            table.Add(
            [
                account.ServiceAccountId,
                .. Cells(skew.Lag, answer.LagWarning),
                .. Cells(skew.Lead, answer.LeadWarning),
                new(Figures.Group(account.Warnings), account.Warnings > 0 ? Shade.Bad : Shade.Plain),
                ArchiveReport.TimeOf(account.LastWrite),
            ]);
        }

        if (!table.IsEmpty)
            table.Write(terminal);
        terminal.WriteNote(
            $"{(isSinceStart ? $"Since {ArchiveReport.TimeOf(answer.Started)}" : "Over the last hour")}. Records older than "
            + $"{Span(answer.AcceptanceWindow)} are EXPIRED, further ahead than {Span(answer.FutureTolerance)} INVALID_TIMESTAMP; senders are "
            + $"warned from {Span(answer.LagWarning)} and {Span(answer.LeadWarning)} on.");
        if (answer.UnmeasuredRecords > 0)
            terminal.WriteNote($"{Figures.Count(answer.UnmeasuredRecords, "record")} of further accounts could not be measured: there are too many.");
    }

    /// <summary>For spreadsheets.</summary>
    public void WriteCsv(TextWriter output)
    {
        Csv.WriteLine(output, Columns);
        foreach (AccountSkew account in answer.Accounts)
        {
            TimestampSkew skew = Chosen(account);
            Csv.WriteLine(output,
            [
                account.ServiceAccountId, .. Texts(skew.Lag), .. Texts(skew.Lead), Number(account.Warnings), ArchiveReport.TimeOf(account.LastWrite),
            ]);
        }
    }

    /// <summary>For programs: both, the last hour and since the start.</summary>
    public void WriteJson(TextWriter output) => Json.Write(output, json =>
    {
        json.WriteStartObject();
        json.WriteString("started", ArchiveReport.TimeOf(answer.Started));
        json.WriteNumber("acceptanceWindowSeconds", Seconds(answer.AcceptanceWindow));
        json.WriteNumber("futureToleranceSeconds", Seconds(answer.FutureTolerance));
        json.WriteNumber("lagWarningSeconds", Seconds(answer.LagWarning));
        json.WriteNumber("leadWarningSeconds", Seconds(answer.LeadWarning));
        json.WriteNumber("unmeasuredRecords", answer.UnmeasuredRecords);
        json.WriteStartArray("accounts");
        foreach (AccountSkew account in answer.Accounts)
        {
            json.WriteStartObject();
            json.WriteString("serviceAccountId", account.ServiceAccountId);
            Write(json, "lastHour", account.LastHour);
            Write(json, "sinceStart", account.SinceStart);
            json.WriteNumber("warnings", account.Warnings);
            json.WriteString("lastWrite", ArchiveReport.TimeOf(account.LastWrite));
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });

    private TimestampSkew Chosen(AccountSkew account) => isSinceStart ? account.SinceStart : account.LastHour;

    private static TextCell[] Cells(SkewFigures figures, Duration warning)
    {
        if (figures.Records == 0)
            return ["0", "", "", ""];
        TextCell Cell(Duration distance) => new(Span(distance), Seconds(distance) > Seconds(warning) ? Shade.Bad : Shade.Plain);
        return [Figures.Group(figures.Records), Cell(figures.P50), Cell(figures.P99), Cell(figures.Max)];
    }

    private static string[] Texts(SkewFigures figures) => figures.Records == 0
        ? ["0", "", "", ""]
        : [Number(figures.Records), Number(Seconds(figures.P50)), Number(Seconds(figures.P99)), Number(Seconds(figures.Max))];

    private static void Write(Utf8JsonWriter json, string name, TimestampSkew skew)
    {
        json.WriteStartObject(name);
        foreach ((string side, SkewFigures figures) in new[] { ("lag", skew.Lag), ("lead", skew.Lead) })
        {
            json.WriteStartObject(side);
            json.WriteNumber("records", figures.Records);
            if (figures.Records > 0)
            {
                json.WriteNumber("p50Seconds", Seconds(figures.P50));
                json.WriteNumber("p99Seconds", Seconds(figures.P99));
                json.WriteNumber("maxSeconds", Seconds(figures.Max));
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static decimal Seconds(Duration span) => span.Seconds + (span.Nanos / 1_000_000_000m);

    private static string Number(IFormattable number) => number.ToString("0.###", CultureInfo.InvariantCulture);

    // In its two greatest units, as people say it.
    private static string Span(Duration span)
    {
        TimeSpan time = span.ToTimeSpan();
        return time switch
        {
            { TotalDays: >= 1 } => $"{(long)time.TotalDays} d {time.Hours} h",
            { TotalHours: >= 1 } => $"{time.Hours} h {time.Minutes} min",
            { TotalMinutes: >= 1 } => $"{time.Minutes} min {time.Seconds} s",
            _ => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.###} s"),
        };
    }
}
