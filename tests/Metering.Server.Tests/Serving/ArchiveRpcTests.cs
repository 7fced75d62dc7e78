using System.Net;
using System.Text.Json.Nodes;
using Metering.Ledger;

namespace Metering.Server.Tests;

/// <summary>Archives over the admin API, on a running server.</summary>
public class ArchiveRpcTests
{
    private const string Archives = "/metering/v1/archives";

    [Fact]
    public async Task Old_records_are_archived_and_read_back_with_their_names()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        JsonObject[] old = [server.Record(quantity: 5), server.Record(quantity: 7, age: TimeSpan.FromMinutes(3))];
        await server.WriteAsync(token, old);
        server.Time.Now += TimeSpan.FromDays(3);
        token = await server.TokenAsync("acme-reporter");
        await server.WriteAsync(token, server.Record(quantity: 11));
        string usage = (await server.UsageAsync()).ToJsonString();

        JsonNode dry = await CreateAsync(server, new JsonObject { ["olderThan"] = "172800s", ["dryRun"] = true });
        Assert.Equal(("", "2"), ((string)dry["archive"]!["fileName"]!, (string)dry["archive"]!["records"]!));
        JsonNode made = await CreateAsync(server, new JsonObject { ["olderThan"] = "172800s" });
        string file = (string)made["archive"]!["fileName"]!;
        Assert.True(File.Exists(Path.Combine((string)made["folder"]!, file)));
        JsonNode none = await CreateAsync(server, new JsonObject { ["acceptedBefore"] = made["acceptedBefore"]!.DeepClone() });
        Assert.Null(none["archive"]);

        (HttpStatusCode status, JsonNode page) = await server.GetAsync($"{Archives}/{file}/records", server.AdminToken);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(old.Select(record => (string)record["uuid"]!), page["records"]!.AsArray().Select(record => (string)record!["uuid"]!));
        JsonNode first = page["records"]![0]!;
        Assert.Equal(
            ("acme-database", RunningServer.Instance, "dn2first0customer", RunningServer.InstanceSku, "core*hour", "5", "acme-reporter"),
            ((string)first["productId"]!, (string)first["productInstanceId"]!, (string)first["billingAccountId"]!, (string)first["skuId"]!,
                (string)first["unit"]!, (string)first["quantity"]!, (string)first["serviceAccountId"]!));

        Assert.Equal(usage, (await server.UsageAsync()).ToJsonString());
        Assert.All((await server.WriteAsync(token, old)).Values, verdict => Assert.Equal("DUPLICATE", verdict));
        (_, JsonNode inspection) = await server.GetAsync($"{Archives}/{file}/verification", server.AdminToken);
        Assert.Equal((true, 0), ((bool)inspection["noted"]!, inspection["differences"]!.AsArray().Count));
        (_, JsonNode list) = await server.GetAsync(Archives, server.AdminToken);
        Assert.Equal(file, (string)Assert.Single(list["archives"]!.AsArray())!["fileName"]!);

        await using RunningServer again = await server.RestartAsync();
        Assert.All((await again.WriteAsync(token, old)).Values, verdict => Assert.Equal("DUPLICATE", verdict));
    }

    [Theory]
    [InlineData("""{}""", "older_than or accepted_before must be given")]
    [InlineData("""{"olderThan": "90000s", "acceptedBefore": "2026-01-01T00:00:00Z"}""", "and not both")]
    [InlineData("""{"olderThan": "86399s"}""", "older_than reaches records of another age than can be archived: 1 d at least")]
    [InlineData("""{"olderThan": "-1s"}""", "1 d at least")]
    [InlineData("""{"olderThan": "3153600001s"}""", "36500 d at most")]
    [InlineData("""{"acceptedBefore": "2026-11-20T12:00:00.1Z"}""", "accepted_before reaches")]
    [InlineData("""{"acceptedBefore": "9999-11-20T12:00:00Z"}""", "accepted_before reaches")]
    [InlineData("""{"olderThan": "86400s"}""", null)] // the control
    [InlineData("""{"olderThan": "3153600000s"}""", null)]
    [InlineData("""{"acceptedBefore": "2026-11-20T12:00:00Z"}""", null)]
    public async Task Ages_out_of_range_are_refused_with_the_bounds(string body, string? words)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        (HttpStatusCode status, JsonNode answer) = await server.PostAsync(Archives, body, server.AdminToken);
        Assert.Equal(words is null ? HttpStatusCode.OK : HttpStatusCode.BadRequest, status);
        if (words is not null)
            Assert.Contains(words, (string)answer["message"]!);
    }

    [Fact]
    public async Task A_wide_acceptance_window_asks_for_older_records()
    {
        await using RunningServer server = await RunningServer.StartAsync(options => options.AcceptanceWindow = TimeSpan.FromDays(30));
        (HttpStatusCode status, JsonNode answer) = await server.PostAsync(Archives, """{"olderThan": "2592000s"}""", server.AdminToken);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Contains("720.017 h at least", (string)answer["message"]!);
        Assert.NotNull(await CreateAsync(server, new JsonObject { ["olderThan"] = "2592060s" }));
    }

    [Fact]
    public async Task No_more_records_than_allowed_come_in_one_answer()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        var uuids = new List<string>();
        for (int request = 0; request < 44; request++)
            uuids.AddRange((await server.WriteAsync(token, [.. Enumerable.Range(0, 25).Select(_ => server.Record())])).Keys);
        server.Time.Now += TimeSpan.FromDays(3);
        string file = (string)(await CreateAsync(server, new JsonObject { ["olderThan"] = "86400s" }))["archive"]!["fileName"]!;

        foreach (string size in new[] { "", "?pageSize=1000", "?pageSize=300" })
        {
            var read = new List<string>();
            string next = "";
            do
            {
                string place = $"{Archives}/{file}/records{size}{(next.Length == 0 ? "" : $"{(size.Length == 0 ? '?' : '&')}pageToken={next}")}";
                (HttpStatusCode status, JsonNode page) = await server.GetAsync(place, server.AdminToken);
                Assert.Equal(HttpStatusCode.OK, status);
                Assert.InRange(page["records"]!.AsArray().Count, 0, size.EndsWith("300", StringComparison.Ordinal) ? 300 : Limits.ArchivePageRecords);
                read.AddRange(page["records"]!.AsArray().Select(record => (string)record!["uuid"]!));
                next = (string)page["nextPageToken"]!;
            }
            while (next.Length > 0);
            Assert.Equal(uuids, read);
        }

        foreach (string wrong in new[] { "pageSize=1001", "pageSize=-1", "pageToken=x", "pageToken=1.2.3.4", "pageToken=-1.2.3" })
        {
            (HttpStatusCode status, JsonNode answer) = await server.GetAsync($"{Archives}/{file}/records?{wrong}", server.AdminToken);
            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.Contains(wrong.StartsWith("pageSize", StringComparison.Ordinal) ? "page_size" : "page_token", (string)answer["message"]!);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await server.GetAsync($"{Archives}/{file}/records?pageToken=1.5.0", server.AdminToken)).Status);
    }

    [Fact]
    public async Task What_is_not_there_or_damaged_is_said()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        await server.WriteAsync(token, server.Record());
        server.Time.Now += TimeSpan.FromDays(3);
        JsonNode made = await CreateAsync(server, new JsonObject { ["olderThan"] = "86400s" });
        string file = (string)made["archive"]!["fileName"]!, path = Path.Combine((string)made["folder"]!, file);
        foreach (string place in new[] { "nothing.archive", "..%2Fadmin.token" })
        {
            foreach (string what in new[] { "records", "verification" })
                Assert.Equal(HttpStatusCode.NotFound, (await server.GetAsync($"{Archives}/{place}/{what}", server.AdminToken)).Status);
        }

        byte[] bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        bytes[^60] ^= 4;
        await File.WriteAllBytesAsync(path, bytes, TestContext.Current.CancellationToken);
        (HttpStatusCode status, JsonNode answer) = await server.GetAsync($"{Archives}/{file}/records", server.AdminToken);
        Assert.Equal((HttpStatusCode.InternalServerError, 15), (status, (int)answer["code"]!));
        Assert.Contains(file, (string)answer["message"]!);
        (_, JsonNode inspection) = await server.GetAsync($"{Archives}/{file}/verification", server.AdminToken);
        Assert.Contains(file, (string)Assert.Single(inspection["differences"]!.AsArray())!);
        File.Delete(path);
        (_, JsonNode list) = await server.GetAsync(Archives, server.AdminToken);
        Assert.False((bool)Assert.Single(list["archives"]!.AsArray())!["present"]!);
    }

    [Fact]
    public async Task Nobody_but_the_admin_archives_or_reads_archives()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        foreach (string? stranger in new[] { token, null })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await server.PostAsync(Archives, """{"olderThan": "86400s"}""", stranger)).Status);
            Assert.Equal(HttpStatusCode.Unauthorized, (await server.GetAsync(Archives, stranger)).Status);
            Assert.Equal(HttpStatusCode.Unauthorized, (await server.GetAsync($"{Archives}/x.archive/records", stranger)).Status);
            Assert.Equal(HttpStatusCode.Unauthorized, (await server.GetAsync($"{Archives}/x.archive/verification", stranger)).Status);
        }
    }

    private static async Task<JsonNode> CreateAsync(RunningServer server, JsonObject body)
    {
        (HttpStatusCode status, JsonNode answer) = await server.PostAsync(Archives, body, server.AdminToken);
        Assert.True(status == HttpStatusCode.OK, answer.ToJsonString());
        return answer;
    }
}
