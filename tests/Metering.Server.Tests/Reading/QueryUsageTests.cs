using System.Globalization;
using System.Net;
using System.Numerics;
using System.Text.Json.Nodes;

namespace Metering.Server.Tests;

/// <summary>Totals as finance reads them: exact, by every window, grouping and filter.</summary>
public class QueryUsageTests
{
    private const string ProductUsage = "/marketplace/metering/v1/productUsage/write";
    private const string ImageUsage = "/marketplace/metering/v1/imageProductUsage/write";
    private const string Query = "/metering/v1/usage:query";

    private static readonly (string Name, Func<Counted, string> Of)[] Dimensions =
    [
        ("PRODUCT", record => record.Product),
        ("PRODUCT_INSTANCE", record => record.Instance),
        ("BILLING_ACCOUNT", record => record.BillingAccount),
        ("SKU", record => record.Sku),
    ];

    // Ages in minutes before 12:00: three days, edges of hours and days among them.
    private static readonly int[] Ages = [0, 1, 59, 60, 61, 11 * 60, 12 * 60, (12 * 60) + 1, 35 * 60, 36 * 60, (36 * 60) + 1, 48 * 60];

    [Fact]
    public async Task Totals_are_those_of_the_records_by_every_window_zone_grouping_and_filter_page_by_page()
    {
        await using RunningServer server = await StartAsync();
        List<Counted> records = await WriteEverythingAsync(server);
        (string, string)[] filters =
        [
            ("", ""), ("productId", "acme-database"), ("productInstanceId", "acme-database-second"), ("billingAccountId", "dn2first0customer"),
            ("skuId", "acme-gateway-traffic"), ("skuId", "no-such-sku"),
        ];
        DateTimeOffset noon = server.Time.Now;
        (DateTimeOffset? From, DateTimeOffset? To)[] ranges =
            [(null, null), (noon.AddHours(-24), noon), (noon.AddHours(-1), null), (null, noon.AddHours(-36)), (noon, noon)];
        foreach ((string window, string zone) in new[] { ("ALL", ""), ("HOUR", ""), ("DAY", ""), ("DAY", "Europe/Moscow"), ("MONTH", "America/New_York") })
        {
            for (int groups = 0; groups < 1 << Dimensions.Length; groups++)
            {
                ((string field, string value), (DateTimeOffset? from, DateTimeOffset? to)) =
                    (filters[groups % filters.Length], ranges[(groups + window.Length) % ranges.Length]);
                var by = Dimensions.Where((_, index) => (groups & (1 << index)) != 0).ToList();
                var question = new JsonObject { ["window"] = window, ["timeZone"] = zone, ["groupBy"] = new JsonArray([.. by.Select(one => JsonValue.Create(one.Name))]) };
                if (field.Length > 0)
                    question[field] = value;
                if (from is { } start)
                    question["from"] = Text(start.UtcDateTime);
                if (to is { } end)
                    question["to"] = Text(end.UtcDateTime);

                IEnumerable<Counted> chosen = records.Where(record =>
                    (field.Length == 0 || record.Field(field) == value) && (from is null || record.Time >= from) && (to is null || record.Time < to));
                string expected = string.Join('\n', Expected(chosen, window, zone, from, by.Count == 0 ? [.. Dimensions] : by));
                Assert.Equal((question.ToJsonString(), expected), (question.ToJsonString(), string.Join('\n', await PagesAsync(server, question, size: 0))));
                Assert.Equal((question.ToJsonString(), expected), (question.ToJsonString(), string.Join('\n', await PagesAsync(server, question, size: 7))));
            }
        }
    }

    [Fact]
    public async Task Pages_of_one_question_neither_repeat_nor_leave_out_a_series_while_writes_go_on()
    {
        await using RunningServer server = await StartAsync();
        List<Counted> records = await WriteEverythingAsync(server);
        string token = await server.TokenAsync("acme-reporter");
        var question = new JsonObject { ["window"] = "HOUR", ["pageSize"] = 5 };
        var series = new List<string>();
        do
        {
            JsonNode page = await server.UsageAsync(question);
            Assert.InRange(page["totals"]!.AsArray().Count, 1, 5);
            series.AddRange(page["totals"]!.AsArray().Select(total => string.Join(' ', Line(total).Split(' ')[..6])));
            question["pageToken"] = (string)page["nextPageToken"]!;
            await server.WriteAsync(token, server.Record(age: TimeSpan.FromHours(50)), server.Record(age: TimeSpan.FromHours(1)), server.Record());
        }
        while (((string)question["pageToken"]!).Length > 0);
        Assert.Equal(Expected(records, "HOUR", "", null, [.. Dimensions]).Select(line => string.Join(' ', line.Split(' ')[..6])), series);
    }

    [Fact]
    public async Task A_page_token_is_good_for_its_own_question_alone()
    {
        await using RunningServer server = await StartAsync();
        await WriteEverythingAsync(server);
        string token = (string)(await server.UsageAsync(new JsonObject { ["window"] = "HOUR", ["pageSize"] = 2 }))["nextPageToken"]!;
        Assert.NotEmpty(token);
        await server.UsageAsync(new JsonObject { ["window"] = "HOUR", ["pageSize"] = 3, ["pageToken"] = token });
        foreach (JsonObject other in new JsonObject[]
        {
            new() { ["window"] = "DAY", ["pageToken"] = token }, new() { ["window"] = "HOUR", ["pageToken"] = token[..^1] + "~" },
            new() { ["window"] = "HOUR", ["pageToken"] = token[..12] }, new() { ["window"] = "HOUR", ["pageSize"] = -1 },
            new() { ["window"] = "HOUR", ["pageSize"] = 10_001 },
        })
        {
            (HttpStatusCode status, JsonNode body) = await server.PostAsync(Query, other, server.AdminToken);
            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.Contains(other.ContainsKey("pageToken") ? "page_token is none that an answer to this question gave" : "1 to 10000 are allowed, and 0 for 1000", (string)body["message"]!);
        }
    }

    [Theory]
    [InlineData("Asia/Kolkata", "DAY", "time_zone Asia/Kolkata is at UTC+05:30 on 2026-11-21: its days begin within an hour of UTC")]
    [InlineData("Asia/Kathmandu", "HOUR", "time_zone Asia/Kathmandu is at UTC+05:45 on 2026-11-21: its hours begin within an hour of UTC")]
    [InlineData("America/St_Johns", "MONTH", "time_zone America/St_Johns is at UTC-03:30 on 2026-12-01: its months begin within an hour of UTC")]
    [InlineData("Mars/Olympus", "ALL", "time_zone names no time zone that this server knows; IANA names such as Europe/Moscow are")]
    public async Task A_zone_whose_windows_cannot_be_summed_exactly_is_refused_with_its_offset(string zone, string window, string message)
    {
        await using RunningServer server = await StartAsync();
        JsonObject question = new() { ["timeZone"] = zone, ["window"] = window, ["from"] = "2026-11-21T08:00:00Z", ["to"] = "2026-12-21T00:00:00Z" };
        (HttpStatusCode status, JsonNode body) = await server.PostAsync(Query, question, server.AdminToken);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.StartsWith(message, (string)body["message"]!, StringComparison.Ordinal);
        question["window"] = "ALL";
        if (!zone.StartsWith("Mars", StringComparison.Ordinal))
            await server.UsageAsync(question);
    }

    [Fact]
    public async Task A_sum_beyond_64_bits_is_exact()
    {
        await using RunningServer server = await StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        const int Requests = 3, Records = 25;
        for (int request = 0; request < Requests; request++)
            Assert.All((await server.WriteAsync(token, [.. Enumerable.Range(0, Records).Select(_ => server.Record(quantity: long.MaxValue))])).Values, verdict => Assert.Equal("ACCEPTED", verdict));
        await server.WriteAsync(token, server.Record(quantity: long.MaxValue, age: TimeSpan.FromDays(1)));
        string Total(JsonNode usage) => (string)Assert.Single(usage["totals"]!.AsArray())!["quantity"]!;
        BigInteger exact = BigInteger.Multiply(long.MaxValue, (Requests * Records) + 1);
        Assert.Equal(exact.ToString(), Total(await server.UsageAsync()));
        await using RunningServer again = await server.RestartAsync();
        Assert.Equal(exact.ToString(), Total(await again.UsageAsync()));
    }

    [Fact]
    public async Task Amounts_in_different_units_are_never_added_up()
    {
        await using RunningServer server = await StartAsync();
        string publisher = await server.TokenAsync("acme-reporter"), customer = await server.TokenAsync("first-customer-gateway");
        await server.WriteAsync(publisher, server.Record(quantity: 1), server.Record(quantity: 20, sku: "acme-database-storage"));
        await WriteImageAsync(server, customer, server.Record(quantity: 300, sku: RunningServer.ImageSku));
        JsonNode usage = await server.UsageAsync(new JsonObject { ["groupBy"] = new JsonArray("BILLING_ACCOUNT") });
        Assert.Equal(
            [("dn2first0customer", "core*hour", "301"), ("dn2first0customer", "gbyte*hour", "20")],
            usage["totals"]!.AsArray().Select(total => ((string)total!["billingAccountId"]!, (string)total["unit"]!, (string)total["quantity"]!)));
    }

    [Fact]
    public async Task Rejections_are_counted_by_owner_and_reason_and_filtered_with_the_totals()
    {
        await using RunningServer server = await StartAsync();
        string publisher = await server.TokenAsync("acme-reporter"), customer = await server.TokenAsync("second-customer-gateway");
        string counted = Guid.NewGuid().ToString();
        await server.WriteAsync(publisher, server.Record(counted));
        await server.WriteAsync(publisher, server.Record(counted), server.Record("bad"), server.Record("worse"), server.Record(quantity: 0));
        await WriteImageAsync(server, customer, server.Record(sku: "no-such-sku"));
        await server.PostAsync(
            ProductUsage,
            new JsonObject { ["dryRun"] = true, ["productInstanceId"] = RunningServer.Instance, ["usageRecords"] = new JsonArray(server.Record("bad")) },
            publisher);
        (string, string, string, string)[] all =
        [
            (RunningServer.Instance, "dn2first0customer", "INVALID_ID", "2"),
            (RunningServer.Instance, "dn2first0customer", "DUPLICATE", "1"),
            (RunningServer.Instance, "dn2first0customer", "INVALID_QUANTITY", "1"),
            ("", "dn2second0customer", "INVALID_SKU_ID", "1"),
        ];
        Assert.Equal(all, Rejections(await server.UsageAsync()));
        Assert.Equal(all[3..], Rejections(await server.UsageAsync(new JsonObject { ["billingAccountId"] = "dn2second0customer" })));
        Assert.Equal(all[..3], Rejections(await server.UsageAsync(new JsonObject { ["productInstanceId"] = RunningServer.Instance })));
        Assert.Equal(all, Rejections(await server.UsageAsync(new JsonObject { ["from"] = "2026-11-21T12:00:00Z", ["to"] = "2026-11-21T13:00:00Z" })));
        Assert.Equal(all[..3], Rejections(await server.UsageAsync(new JsonObject { ["productId"] = "acme-database" })));
        Assert.Empty(Rejections(await server.UsageAsync(new JsonObject { ["productId"] = "no-such-product" })));
        Assert.Empty(Rejections(await server.UsageAsync(new JsonObject { ["skuId"] = RunningServer.InstanceSku })));
        Assert.Empty(Rejections(await server.UsageAsync(new JsonObject { ["to"] = "2026-11-21T12:00:00Z" })));
        await using RunningServer again = await server.RestartAsync();
        Assert.Equal(all, Rejections(await again.UsageAsync()));
    }

    [Fact]
    public async Task Every_fault_of_a_question_is_named()
    {
        await using RunningServer server = await StartAsync();
        (HttpStatusCode status, JsonNode body) = await server.PostAsync(
            Query,
            """{"from": "2026-11-21T12:00:01Z", "to": "2026-11-20T12:00:00.5Z", "window": 7, "groupBy": ["SKU", "DIMENSION_UNSPECIFIED"]}""",
            server.AdminToken);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(
            [
                ("from", "is not a full hour of UTC: totals are kept by the hour"),
                ("to", "is not a full hour of UTC: totals are kept by the hour"),
                ("window", "is 7; ALL, HOUR, DAY and MONTH are known"),
                ("group_by[1]", "names no dimension; PRODUCT, PRODUCT_INSTANCE, BILLING_ACCOUNT and SKU are known"),
                ("to", "is before from"),
            ],
            body["details"]![0]!["fieldViolations"]!.AsArray().Select(one => ((string)one!["field"]!, (string)one["description"]!)));
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync(Query, """{"from": "2026-11-21T15:00:00+03:00"}""", server.AdminToken)).Status);
    }

    private static Task<RunningServer> StartAsync() => RunningServer.StartAsync(options => options.AcceptanceWindow = TimeSpan.FromDays(10));

    private static async Task<List<Counted>> WriteEverythingAsync(RunningServer server)
    {
        string publisher = await server.TokenAsync("acme-reporter");
        var records = new List<Counted>();
        int quantity = 1;
        foreach ((string instance, string customer) in new[] { ("acme-database-first", "dn2first0customer"), ("acme-database-second", "dn2second0customer") })
        {
            foreach ((string sku, string unit) in new[] { (RunningServer.InstanceSku, "core*hour"), ("acme-database-storage", "gbyte*hour") })
            {
                List<Counted> batch = [.. Ages.Select(age => new Counted("acme-database", instance, customer, sku, unit, server.Time.Now.AddMinutes(-age), quantity++))];
                var request = new JsonObject { ["productInstanceId"] = instance, ["usageRecords"] = Wire(server, batch) };
                Assert.All(RunningServer.Verdicts(await server.PostAsync(ProductUsage, request, publisher)).Values, verdict => Assert.Equal("ACCEPTED", verdict));
                records.AddRange(batch);
            }
        }

        foreach ((string account, string customer) in new[] { ("first-customer-gateway", "dn2first0customer"), ("second-customer-gateway", "dn2second0customer") })
        {
            string token = await server.TokenAsync(account);
            foreach ((string sku, string unit) in new[] { (RunningServer.ImageSku, "core*hour"), ("acme-gateway-traffic", "gbyte") })
            {
                List<Counted> batch = [.. Ages.Select(age => new Counted(RunningServer.ImageProduct, "", customer, sku, unit, server.Time.Now.AddMinutes(-age), quantity++))];
                await WriteImageAsync(server, token, [.. Wire(server, batch).Select(record => record!.AsObject())]);
                records.AddRange(batch);
            }
        }

        return records;
    }

    private static JsonArray Wire(RunningServer server, IEnumerable<Counted> records) =>
        new([.. records.Select(record => server.Record(quantity: record.Quantity, sku: record.Sku, age: server.Time.Now - record.Time))]);

    private static async Task WriteImageAsync(RunningServer server, string token, params JsonObject[] records)
    {
        var request = new JsonObject { ["productId"] = RunningServer.ImageProduct, ["usageRecords"] = new JsonArray([.. records.Select(record => record.DeepClone())]) };
        Assert.Equal(HttpStatusCode.OK, (await server.PostAsync(ImageUsage, request, token)).Status);
    }

    private static IEnumerable<string> Expected(IEnumerable<Counted> records, string window, string zone, DateTimeOffset? from, List<(string Name, Func<Counted, string> Of)> by)
    {
        string Series(Counted record) => string.Join(' ', Dimensions.Select(one => by.Contains(one) ? one.Of(record) : "").Append(record.Unit));
        TimeZoneInfo clocks = zone.Length == 0 ? TimeZoneInfo.Utc : TimeZoneInfo.FindSystemTimeZoneById(zone);
        DateTime? Start(Counted record)
        {
            DateTime local = TimeZoneInfo.ConvertTimeFromUtc(record.Time.UtcDateTime, clocks);
            DateTime? start = window switch
            {
                "HOUR" => local.Date.AddHours(local.Hour),
                "DAY" => local.Date,
                "MONTH" => local.Date.AddDays(1 - local.Day),
                _ => null,
            };
            return start is { } midnight ? TimeZoneInfo.ConvertTimeToUtc(midnight, clocks) is var utc && utc < from?.UtcDateTime ? from.Value.UtcDateTime : utc : null;
        }

        return records.GroupBy(record => (Start: Start(record), Series: Series(record)))
            .Select(group => (group.Key, Text: $"{(group.Key.Start is { } start ? Text(start) : "")} {group.Key.Series} {group.Sum(record => record.Quantity)} {group.Count()}"))
            .OrderBy(line => line.Key.Start).ThenBy(line => line.Key.Series, StringComparer.Ordinal)
            .Select(line => line.Text);
    }

    private static async Task<List<string>> PagesAsync(RunningServer server, JsonObject question, int size)
    {
        var lines = new List<string>();
        var asked = (JsonObject)question.DeepClone();
        asked["pageSize"] = size;
        do
        {
            JsonNode page = await server.UsageAsync(asked);
            lines.AddRange(page["totals"]!.AsArray().Select(Line));
            asked["pageToken"] = (string)page["nextPageToken"]!;
        }
        while (((string)asked["pageToken"]!).Length > 0);
        return lines;
    }

    private static string Line(JsonNode? total) =>
        $"{(string?)total!["windowStart"]} {total["productId"]} {total["productInstanceId"]} {total["billingAccountId"]} {total["skuId"]} {total["unit"]} {total["quantity"]} {total["records"]}";

    private static string Text(DateTime utc) => utc.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static IEnumerable<(string, string, string, string)> Rejections(JsonNode usage) => usage["rejections"]!.AsArray().Select(one =>
        ((string)one!["productInstanceId"]!, (string)one["billingAccountId"]!, (string)one["reason"]!, (string)one["records"]!));

    private sealed record Counted(string Product, string Instance, string BillingAccount, string Sku, string Unit, DateTimeOffset Time, long Quantity)
    {
        public string Field(string name) => name switch
        {
            "productId" => Product,
            "productInstanceId" => Instance,
            "billingAccountId" => BillingAccount,
            _ => Sku,
        };
    }
}
