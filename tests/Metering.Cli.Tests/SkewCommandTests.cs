using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Metering.Client.Tests;
using Metering.Contracts.V1;

namespace Metering.Cli.Tests;

public sealed class SkewCommandTests : IDisposable
{
    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public async Task The_table_shows_lag_and_lead_of_the_last_hour_or_since_the_start()
    {
        await using ScriptedServer server = await StartAsync();

        Outcome hour = await _line.RunAsync(server, "skew");
        Outcome start = await _line.RunAsync(server, "skew", "--since-start", "--account", "sa1");

        Assert.Equal(
            """
            account  records  lag p50        p99         max  records ahead  lead p50  p99  max  warnings  last write
            sa1        1,234   1.25 s  2 min 3 s  1 h 30 min              0                             7  2026-01-31T00:00:00Z
            sa2            0                                              1       2 s  2 s  2 s         0  2026-01-31T00:00:00Z

            """,
            hour.Output);
        Assert.Equal(
            "Over the last hour. Records older than 2 h 0 min are EXPIRED, further ahead than 1 min 0 s INVALID_TIMESTAMP; senders are warned "
            + "from 1 h 36 min and 48 s on.\n5 records of further accounts could not be measured: there are too many.\n",
            hour.Error);
        Assert.Contains("2,000", start.Output);
        Assert.StartsWith("Since 2026-01-30T23:59:59Z.", start.Error);
        Assert.Equal(["", "sa1"], server.Exchanges.Select(exchange => exchange.Read(ListSkewRequest.Parser).ServiceAccountId));
    }

    [Fact]
    public async Task Csv_and_json_are_in_seconds()
    {
        await using ScriptedServer server = await StartAsync();

        Outcome csv = await _line.RunAsync(server, "skew", "--output", "csv");
        Outcome json = await _line.RunAsync(server, "skew", "--output", "json");

        Assert.Equal(
            "service_account_id,lag_records,lag_p50_s,lag_p99_s,lag_max_s,lead_records,lead_p50_s,lead_p99_s,lead_max_s,warnings,last_write\n"
            + "sa1,1234,1.25,123,5400,0,,,,7,2026-01-31T00:00:00Z\nsa2,0,,,,1,2,2,2,0,2026-01-31T00:00:00Z\n",
            csv.Output);
        using JsonDocument document = JsonDocument.Parse(json.Output);
        JsonElement account = document.RootElement.GetProperty("accounts")[0];
        Assert.Equal(1.25m, account.GetProperty("lastHour").GetProperty("lag").GetProperty("p50Seconds").GetDecimal());
        Assert.Equal(2000, account.GetProperty("sinceStart").GetProperty("lag").GetProperty("records").GetInt64());
        Assert.Equal(5760, document.RootElement.GetProperty("lagWarningSeconds").GetDecimal());
    }

    private static SkewFigures Figures(long records, double p50, double p99, double max) => new()
    {
        Records = records, P50 = Span(p50), P99 = Span(p99), Max = Span(max),
    };

    private static Duration Span(double seconds) => Duration.FromTimeSpan(TimeSpan.FromSeconds(seconds));

    private static async Task<ScriptedServer> StartAsync()
    {
        ScriptedServer server = await ScriptedServer.StartAsync();
        var write = new Timestamp { Seconds = 1_769_817_600 };
        var none = new SkewFigures();
        server.Script = _ => ScriptedServer.Reply(new ListSkewResponse
        {
            Accounts =
            {
                new AccountSkew
                {
                    ServiceAccountId = "sa1",
                    LastHour = new TimestampSkew { Lag = Figures(1234, 1.25, 123, 5400), Lead = none },
                    SinceStart = new TimestampSkew { Lag = Figures(2000, 1, 2, 5400), Lead = none },
                    Warnings = 7,
                    LastWrite = write,
                },
                new AccountSkew
                {
                    ServiceAccountId = "sa2",
                    LastHour = new TimestampSkew { Lag = none, Lead = Figures(1, 2, 2, 2) },
                    SinceStart = new TimestampSkew { Lag = none, Lead = Figures(1, 2, 2, 2) },
                    LastWrite = write,
                },
            },
            Started = new Timestamp { Seconds = 1_769_817_599 },
            AcceptanceWindow = Span(7200),
            FutureTolerance = Span(60),
            LagWarning = Span(5760),
            LeadWarning = Span(48),
            UnmeasuredRecords = 5,
        });
        return server;
    }
}
