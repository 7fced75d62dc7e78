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
                PageSize = 10_000,
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

    [Fact]
    public async Task Dates_days_and_months_are_of_the_time_zone()
    {
        await using ScriptedServer server = await StartAsync();

        await _line.RunAsync(server, "usage", "--from", "2026-02", "--to", "2026-03-29T03:00", "--window", "month", "--time-zone", "Europe/Berlin");
        Outcome csv = await _line.RunAsync(server, "usage", "--by", "sku", "--window", "hour", "--time-zone", "America/New_York", "--output", "csv");

        QueryUsageRequest asked = server.Exchanges[0].Read(QueryUsageRequest.Parser);
        Assert.Equal(
            ("2026-01-31T23:00:00Z", "2026-03-29T01:00:00Z", QueryUsageRequest.Types.Window.Month, "Europe/Berlin"),
            (asked.From.ToDateTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"), asked.To.ToDateTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"), asked.Window, asked.TimeZone));
        Assert.StartsWith("window_start,sku_id,quantity,unit,records\n2026-01-30T19:00-05:00,s1,", csv.Output);
    }

    [Theory]
    [InlineData(false, "c : .@")]
    [InlineData(true, "c ▂ ▁█")]
    public async Task Several_windows_are_drawn_as_a_line_for_each_series_with_gaps_where_nothing_was_counted(bool isTerminal, string expected)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        UsageTotal Total(int day, int quantity) => new()
        {
            SkuId = "s1", Unit = "c", Quantity = quantity.ToString(), Records = 1, WindowStart = new Timestamp { Seconds = 1_769_817_600 + (day * 86_400) },
        };
        server.Script = _ => ScriptedServer.Reply(new QueryUsageResponse { Totals = { Total(0, 15), Total(2, 10), Total(3, 80) } });
        _line.IsTerminal = isTerminal;

        Outcome outcome = await _line.RunAsync(server, "usage", "--by", "sku", "--window", "day");

        Assert.Contains("2026-01-31 to 2026-02-03", outcome.Output);
        string line = outcome.Output.TrimEnd('\n').Split('\n').Last(text => text.Contains("105"));
        Assert.Equal("s1 105 " + expected, Plain(line));
    }

    [Fact]
    public async Task All_pages_are_asked_for()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = exchange =>
        {
            string token = exchange.Read(QueryUsageRequest.Parser).PageToken;
            int page = token.Length == 0 ? 0 : int.Parse(token);
            return ScriptedServer.Reply(new QueryUsageResponse
            {
                Totals = { new UsageTotal { SkuId = $"s{page}", Unit = "c", Quantity = "1", Records = 1 } },
                NextPageToken = page < 3 ? $"{page + 1}" : "",
            });
        };

        Outcome csv = await _line.RunAsync(server, "usage", "--by", "sku", "--output", "csv");
        Outcome json = await _line.RunAsync(server, "usage", "--by", "sku", "--output", "json");

        Assert.Equal("sku_id,quantity,unit,records\ns0,1,c,1\ns1,1,c,1\ns2,1,c,1\ns3,1,c,1\n", csv.Output);
        using JsonDocument document = JsonDocument.Parse(json.Output);
        Assert.Equal(["s0", "s1", "s2", "s3"], document.RootElement.GetProperty("totals").EnumerateArray().Select(total => total.GetProperty("skuId").GetString()));
    }

    [Fact]
    public async Task Watched_totals_are_asked_for_again_until_it_is_interrupted()
    {
        await using ScriptedServer server = await StartAsync();
        using var interrupted = new CancellationTokenSource();
        using var line = new CommandLine { Time = new HurriedTime(), Interrupted = interrupted.Token };
        Func<Exchange, CannedAnswer> script = server.Script;
        int asked = 0;
        server.Script = exchange =>
        {
            if (Interlocked.Increment(ref asked) == 2)
                interrupted.Cancel();
            return script(exchange);
        };

        Outcome outcome = await line.RunAsync(server, "usage", "--by", "sku", "--watch");

        Assert.Equal((130, 2), (outcome.ExitCode, asked));
        Assert.Contains("again every 3 s", outcome.Error);
        Assert.Contains("--watch draws tables", (await _line.RunAsync(server, "usage", "--watch", "--output", "csv")).Error);
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
    [InlineData("--from '2026-01-31' is not at a full hour of UTC, being at UTC+05:30", "--from", "2026-01-31", "--time-zone", "Asia/Kolkata")]
    [InlineData("--time-zone 'Mars/Olympus' is no time zone that this machine knows", "--time-zone", "Mars/Olympus")]
    [InlineData("--time-zone '../../etc/passwd' is no time zone that this machine knows", "--time-zone", "../../etc/passwd")]
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

    /// <summary>The time of the system, but that a pause between two drawings is over at once.</summary>
    private sealed class HurriedTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime == TimeSpan.FromSeconds(3) ? TimeSpan.FromMilliseconds(20) : dueTime, period);
    }

    private static string Plain(string line) => System.Text.RegularExpressions.Regex.Replace(
        System.Text.RegularExpressions.Regex.Replace(line, "\e\\[[0-9;]*m|│", ""), " {2,}", " ").Trim();

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
