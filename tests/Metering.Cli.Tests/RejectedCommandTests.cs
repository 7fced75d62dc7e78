using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Metering.Client.Tests;
using Metering.Contracts.V1;
using Outcomes = Metering.Contracts.V1.ReplayedRecord.Types.Outcome;

namespace Metering.Cli.Tests;

public sealed class RejectedCommandTests : IDisposable
{
    private static readonly Timestamp Moment = new() { Seconds = 1_769_817_600 }; // 2026-01-31

    private static readonly RejectedRecord UnknownSku = new()
    {
        Uuid = "u1", SkuId = "s,1", Quantity = long.MaxValue, Timestamp = Moment, ProductId = "p1", ProductInstanceId = "i1", BillingAccountId = "b1",
        Reason = "INVALID_SKU_ID", Received = Moment, ServiceAccountId = "sa1", RequestId = "r1", AcceptedSince = true,
    };

    private static readonly RejectedRecord Conflict = new()
    {
        Uuid = "u\u001b2", SkuId = "s2", Unit = "call", Quantity = -2, TimestampSeconds = long.MaxValue, TimestampNanos = 3, ProductId = "p2", BillingAccountId = "b2",
        Reason = "DUPLICATE", Received = Moment, ServiceAccountId = "sa2", RequestId = "r2", AcceptedSince = true,
        DiffersIn = { DuplicateConflict.Types.Field.Quantity, DuplicateConflict.Types.Field.Timestamp },
    };

    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public async Task Filters_and_limit_are_asked_for()
    {
        await using ScriptedServer server = await StartAsync();

        await _line.RunAsync(
            server, "rejected", "--reason", "invalid_sku_id", "--instance", "i", "--billing-account", "b", "--sku", "s", "--from", "2026-01-31", "--limit", "9");

        Assert.Equal(
            new ListRejectedRecordsRequest
            {
                PageSize = 10,
                Filter = new RejectedFilter { Reason = "INVALID_SKU_ID", ProductInstanceId = "i", BillingAccountId = "b", SkuId = "s", From = Moment },
            },
            Assert.Single(server.Exchanges).Read(ListRejectedRecordsRequest.Parser));
    }

    [Fact]
    public async Task Table_csv_and_json_show_what_was_sent_and_why_it_was_rejected()
    {
        await using ScriptedServer server = await StartAsync();

        Outcome table = await _line.RunAsync(server, "rejected");
        Outcome csv = await _line.RunAsync(server, "rejected", "--output", "csv");
        Outcome json = await _line.RunAsync(server, "rejected", "--output", "json");

        Assert.Equal(
            """
            received              reason                           uuid  sku                   quantity  unit  owner     since     timestamp                       by
            2026-01-31T00:00:00Z  INVALID_SKU_ID                   u1    s,1  9,223,372,036,854,775,807        i1        accepted  2026-01-31T00:00:00Z            sa1
            2026-01-31T00:00:00Z  DUPLICATE in QUANTITY, TIMESTAMP  u?2   s2                          -2  call  p2 of b2            9223372036854775807 s, 3 ns     sa2

            """.Replace(" ", ""),
            table.Output.Replace(" ", ""));
        Assert.Equal("u1,INVALID_SKU_ID,2026-01-31T00:00:00Z,p1,i1,b1,\"s,1\",,9223372036854775807,2026-01-31T00:00:00Z,sa1,r1,,true", csv.Output.Split('\n')[1]);
        using JsonDocument document = JsonDocument.Parse(json.Output);
        JsonElement second = document.RootElement.GetProperty("records")[1];
        Assert.Equal(("u\u001b2", "QUANTITY TIMESTAMP"), (second.GetProperty("uuid").GetString(), second.GetProperty("differs_in").GetString()));
    }

    [Fact]
    public async Task Totals_show_the_quantity_at_risk_with_bars_and_what_is_missing_in_them()
    {
        await using ScriptedServer server = await StartAsync();

        Outcome table = await _line.RunAsync(server, "rejected", "--totals");
        Outcome csv = await _line.RunAsync(server, "rejected", "--totals", "--output", "csv");
        Outcome json = await _line.RunAsync(server, "rejected", "--totals", "--output", "json");

        Assert.Equal(
            """
            sku  reason            at risk  unit  records  uuids  accepted since
            s1   INVALID_SKU_ID  1,234,567              5      3               1  ####################
            s2   EXPIRED                 7  call        1      1               0  ####################

            """.Replace(" ", ""),
            table.Output.Replace(" ", ""));
        Assert.Contains("the sums reach back to 2026-01-31T00:00:00Z", table.Error);
        Assert.Contains("12 records were dropped before", table.Error);
        Assert.Contains("3 duplicates came too fast", table.Error);
        Assert.Equal("s1,,INVALID_SKU_ID,1234567,,5,3,1", csv.Output.Split('\n')[1]);
        Assert.Equal(12, JsonDocument.Parse(json.Output).RootElement.GetProperty("dropped_records").GetInt64());
    }

    [Fact]
    public async Task A_replay_asks_page_after_page_and_shows_what_became_of_the_records()
    {
        await using ScriptedServer server = await StartAsync();

        Outcome outcome = await _line.RunAsync(server, "rejected", "replay", "--sku", "s", "--as-of", "it was missing", "--operator", "ann");

        Assert.Equal(1, outcome.ExitCode);
        Assert.Equal(
            """
            outcome   sku  records                   quantity  unit  why
            ACCEPTED  s,1        1  9,223,372,036,854,775,807
            REJECTED  s2         1                         -2  call  EXPIRED
            1 record of 2 counted.

            """.Replace(" ", ""),
            outcome.Output.Replace(" ", ""));
        ReplayRejectedRecordsRequest[] asked = [.. server.Exchanges.Select(exchange => exchange.Read(ReplayRejectedRecordsRequest.Parser))];
        Assert.Equal(["", "next"], asked.Select(request => request.PageToken));
        Assert.All(asked, request => Assert.Equal(
            ("s", false, true, "ann", "it was missing"), (request.Filter.SkuId, request.DryRun, request.AsOfReceipt, request.Operator, request.Decision)));
    }

    [Fact]
    public async Task A_dry_run_says_so()
    {
        await using ScriptedServer server = await StartAsync();
        Outcome outcome = await _line.RunAsync(server, "rejected", "replay", "--dry-run");
        Assert.Contains("1 record of 2 would be counted. Dry run: nothing was changed.", outcome.Output);
        Assert.True(server.Exchanges[0].Read(ReplayRejectedRecordsRequest.Parser).DryRun);
        Outcome csv = await _line.RunAsync(server, "rejected", "replay", "--dry-run", "--output", "csv");
        Assert.StartsWith("ACCEPTED,,u1,INVALID_SKU_ID,", csv.Output.Split('\n')[1]);
        Outcome json = await _line.RunAsync(server, "rejected", "replay", "--dry-run", "--output", "json");
        Assert.Equal("EXPIRED", JsonDocument.Parse(json.Output).RootElement.GetProperty("records")[1].GetProperty("why").GetString());
    }

    [Theory]
    [InlineData("--limit is out of range", "--limit", "0")]
    [InlineData("--from 'now' is no time", "--from", "now")]
    [InlineData("--from is not before --to", "--from", "2026-01-02", "--to", "2026-01-01")]
    [InlineData("--as-of needs why", "replay", "--as-of", " ", "--operator", "ann")]
    [InlineData("--as-of needs why", "replay", "--as-of", "why")]
    public async Task Wrong_arguments_are_refused_before_anything_is_sent(string message, params string[] arguments)
    {
        await using ScriptedServer server = await StartAsync();

        Outcome outcome = await _line.RunAsync(server, ["rejected", .. arguments]);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(message, outcome.Error);
        Assert.Empty(server.Exchanges);
    }

    private static async Task<ScriptedServer> StartAsync()
    {
        ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = exchange => exchange.Method switch
        {
            "UsageService/ListRejectedRecords" => ScriptedServer.Reply(new ListRejectedRecordsResponse { Records = { UnknownSku, Conflict } }),
            "UsageService/SummarizeRejectedRecords" => ScriptedServer.Reply(new SummarizeRejectedRecordsResponse
            {
                Totals =
                {
                    new RejectedTotal { SkuId = "s1", Reason = "INVALID_SKU_ID", Records = 5, Uuids = 3, AcceptedSince = 1, QuantityAtRisk = "1234567" },
                    new RejectedTotal { SkuId = "s2", Unit = "call", Reason = "EXPIRED", Records = 1, Uuids = 1, QuantityAtRisk = "7" },
                },
                ReachesBackTo = Moment,
                DroppedRecords = 12,
                DuplicatesNotCompared = 3,
            }),
            _ => ScriptedServer.Reply(exchange.Read(ReplayRejectedRecordsRequest.Parser).PageToken.Length == 0
                ? new ReplayRejectedRecordsResponse
                {
                    NextPageToken = "next", Records = { new ReplayedRecord { Record = UnknownSku, Outcome = Outcomes.Accepted } },
                }
                : new ReplayRejectedRecordsResponse
                {
                    Records = { new ReplayedRecord { Record = Conflict, Outcome = Outcomes.Rejected, Reason = "EXPIRED" } },
                }),
        };
        return server;
    }
}
