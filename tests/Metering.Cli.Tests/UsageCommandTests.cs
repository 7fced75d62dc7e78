using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Metering.Client.Tests;
using Metering.Contracts.V1;
using Dimension = Metering.Contracts.V1.QueryUsageRequest.Types.Dimension;

namespace Metering.Cli.Tests;

public sealed class UsageCommandTests : IDisposable
{
    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public async Task The_question_carries_range_window_dimensions_and_filters()
    {
        await using ScriptedServer server = await StartAsync();

        await _line.RunAsync(
            server, "usage", "--from", "2026-01-31", "--to", "2026-01-31T15:00:00+02:00", "--by", "sku, billing-account,sku", "--window",
                "day", "--product", "p1",
            "--instance", "i1", "--billing-account", "b1", "--sku", "s1");

        Assert.Equal(
            new QueryUsageRequest
            {
                From = new Timestamp { Seconds = 1_769_817_600 },
                To = new Timestamp { Seconds = 1_769_864_400 },
                Window = QueryUsageRequest.Types.Window.Day,
                GroupBy = { Dimension.Sku, Dimension.BillingAccount },
                ProductId = "p1",
                ProductInstanceId = "i1",
                BillingAccountId = "b1",
                SkuId = "s1",
            },
            Assert.Single(server.Exchanges).Read(QueryUsageRequest.Parser));
    }

    [Fact]
    public async Task The_table_has_exact_grouped_numbers_on_the_right_and_bars_by_unit()
    {
        await using ScriptedServer server = await StartAsync();

        Outcome outcome = await _line.RunAsync(server, "usage", "--by", "sku,billing-account", "--window", "day");

        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal(
            """
            day         sku  billing account                                             quantity  unit      records
            2026-01-31  s1   b1               170,141,183,460,469,231,731,687,303,715,884,105,727  gigabyte    1,234  ####################
            2026-01-31  s2   b1                                                               999  call            2  ####################
            2026-01-31  s3   b1                                                               333  call            1  ######

            rejected   instance  billing account  records
            DUPLICATE  i1        b1                    41

            """,
            outcome.Output);
    }

    [Fact]
    public async Task Csv_and_json_keep_every_digit()
    {
        await using ScriptedServer server = await StartAsync();

        Outcome csv = await _line.RunAsync(server, "usage", "--by", "sku", "--window", "hour", "--output", "csv");
        Outcome json = await _line.RunAsync(server, "usage", "--by", "sku", "--output", "json");

        Assert.StartsWith(
            "window_start,sku_id,quantity,unit,records\n2026-01-31T00:00Z,s1,170141183460469231731687303715884105727,gigabyte,1234\n",
                csv.Output);
        using JsonDocument document = JsonDocument.Parse(json.Output);
        Assert.Equal(
            """{"skuId":"s1","quantity":"170141183460469231731687303715884105727","unit":"gigabyte","records":1234}""",
            JsonSerializer.Serialize(document.RootElement.GetProperty("totals")[0]));
        Assert.Equal("DUPLICATE", document.RootElement.GetProperty("rejections")[0].GetProperty("reason").GetString());
    }

    [Theory]
    [InlineData(140, true, true)]
    [InlineData(112, true, false)]
    [InlineData(60, false, false)]
    public async Task A_narrow_terminal_loses_the_bars_then_the_borders_and_never_a_digit(int width, bool hasBorders, bool hasBars)
    {
        await using ScriptedServer server = await StartAsync();
        _line.IsTerminal = true;
        _line.Width = width;

        Outcome outcome = await _line.RunAsync(server, "usage", "--by", "sku,billing-account");

        string totals = outcome.Output[..outcome.Output.IndexOf("rejected", StringComparison.Ordinal)];
        Assert.Contains("170,141,183,460,469,231,731,687,303,715,884,105,727", totals);
        Assert.Equal(hasBorders, totals[0] == '╭');
        Assert.Equal(hasBars, totals.Contains('█'));
    }

    [Fact]
    public async Task An_empty_range_says_so()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = _ => ScriptedServer.Reply(new QueryUsageResponse());

        Assert.Equal(new Outcome(0, string.Empty, "Nothing was counted in this range.\n"), await _line.RunAsync(server, "usage"));
    }

    [Theory]
    [InlineData("--from 'soon' is no time", "--from", "soon")]
    [InlineData("--to '2026-01-31T12:30:00Z' is not at a full hour of UTC", "--to", "2026-01-31T12:30:00Z")]
    [InlineData("--from is not before --to", "--from", "2026-01-31", "--to", "2026-01-31")]
    [InlineData("--by does not know 'customer'", "--by", "sku,customer")]
    [InlineData("'week'", "--window", "week")]
    public async Task Wrong_arguments_are_refused_before_anything_is_sent(string message, params string[] arguments)
    {
        await using ScriptedServer server = await StartAsync();

        Outcome outcome = await _line.RunAsync(server, ["usage", .. arguments]);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(message, outcome.Error);
        Assert.Empty(server.Exchanges);
    }

    private static async Task<ScriptedServer> StartAsync()
    {
        ScriptedServer server = await ScriptedServer.StartAsync();
        var day = new Timestamp { Seconds = 1_769_817_600 };
        server.Script = _ => ScriptedServer.Reply(new QueryUsageResponse
        {
            Totals =
            {
                new UsageTotal { SkuId = "s1", BillingAccountId = "b1", Unit = "gigabyte",
                    Quantity = "170141183460469231731687303715884105727", Records = 1234, WindowStart = day },
                new UsageTotal { SkuId = "s2", BillingAccountId = "b1", Unit = "call", Quantity = "999", Records = 2, WindowStart = day },
                new UsageTotal { SkuId = "s3", BillingAccountId = "b1", Unit = "call", Quantity = "333", Records = 1, WindowStart = day },
            },
            Rejections = { new RejectionTotal { ProductInstanceId = "i1", BillingAccountId = "b1", Reason = "DUPLICATE", Records = 41 } },
        });
        return server;
    }
}
