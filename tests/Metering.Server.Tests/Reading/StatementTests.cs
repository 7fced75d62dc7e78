using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Metering.Ledger;

namespace Metering.Server.Tests;

/// <summary>Statements: closed periods, exact, and made again by anybody.</summary>
public class StatementTests
{
    private const string Get = "/metering/v1/statements:get";
    private const string Customer = "dn2first0customer";

    [Fact]
    public async Task A_period_has_a_statement_once_no_more_records_are_accepted_for_it()
    {
        await using RunningServer server = await RunningServer.StartAsync(); // it is 12:00
        await server.WriteAsync(await server.TokenAsync("acme-reporter"), server.Record(quantity: 5), server.Record(quantity: 7, age: TimeSpan.FromMinutes(30)));
        JsonObject question = new() { ["ownerId"] = RunningServer.Instance, ["from"] = "2026-11-21T11:00:00Z", ["to"] = "2026-11-21T12:00:00Z" };
        server.Time.Now += new TimeSpan(1, 0, 59);
        (HttpStatusCode status, JsonNode body) = await server.PostAsync(Get, question, server.AdminToken);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.Equal(9, (int)body["code"]!);
        Assert.Equal(
            "The period ends at 2026-11-21T12:00:00Z, and records of it are accepted until 2026-11-21T13:01:00Z: it has a statement from then on.",
            (string)body["message"]!);
        server.Time.Now += TimeSpan.FromSeconds(1);
        JsonNode statement = (await server.PostAsync(Get, question, server.AdminToken)).Body["statement"]!;
        Assert.Equal(("1", "7", "core*hour"), ((string)statement["records"]!, (string)statement["totals"]![0]!["quantity"]!, (string)statement["totals"]![0]!["unit"]!));
        Assert.Equal((RunningServer.Instance, ""), ((string)statement["productInstanceId"]!, (string)statement["billingAccountId"]!));
    }

    [Fact]
    public async Task The_digest_is_made_again_from_listed_records_with_sort_and_sha256sum_and_after_a_restart()
    {
        await using RunningServer server = await FilledAsync();
        JsonObject question = new() { ["billingAccountId"] = Customer, ["month"] = "2026-11", ["timeZone"] = "Europe/Moscow" };
        JsonNode statement = (await server.PostAsync(Get, question, server.AdminToken)).Body["statement"]!;
        Assert.Equal(("2026-10-31T21:00:00Z", "2026-11-30T21:00:00Z"), ((string)statement["from"]!, (string)statement["to"]!));

        JsonNode listed = (await server.PostAsync(
            "/metering/v1/records:list", new JsonObject { ["filter"] = new JsonObject { ["billingAccountId"] = Customer } }, server.AdminToken)).Body;
        string[] lines = [.. listed["records"]!.AsArray().Select(record =>
            $"{record!["uuid"]},{record["productInstanceId"]},{record["billingAccountId"]},{record["skuId"]},{record["quantity"]},{record["timestamp"]}")];
        Assert.Equal(40, lines.Length);
        Assert.Equal(((string)statement["records"]!, (string)statement["sha256"]!), ("40", await ShellAsync("LC_ALL=C sort | sha256sum | cut -c1-64", lines)));
        Assert.NotEqual((string)statement["sha256"]!, await ShellAsync("LC_ALL=C sort | sha256sum | cut -c1-64", lines[1..])); // and would show a difference

        await using RunningServer again = await server.RestartAsync();
        Assert.Equal(statement.ToJsonString(), (await again.PostAsync(Get, question, again.AdminToken)).Body["statement"]!.ToJsonString());
    }

    [Fact]
    public async Task Foreign_and_unknown_owners_are_answered_alike_and_a_publisher_sees_its_own_products()
    {
        await using RunningServer server = await FilledAsync();
        JsonObject Of(string owner) => new() { ["ownerId"] = owner, ["month"] = "2026-11" };
        string stranger = await server.TokenAsync("second-customer-gateway");
        JsonNode foreign = (await server.PostAsync(Get, Of(Customer), stranger)).Body["statement"]!;
        JsonNode unknown = (await server.PostAsync(Get, Of("nobody"), stranger)).Body["statement"]!;
        Assert.Equal(("0", Convert.ToHexStringLower(SHA256.HashData([]))), ((string)foreign["records"]!, (string)foreign["sha256"]!));
        Assert.Equal(unknown["sha256"]!.ToJsonString(), foreign["sha256"]!.ToJsonString());
        JsonNode own = (await server.PostAsync(Get, Of(Customer), await server.TokenAsync("acme-reporter"))).Body["statement"]!;
        Assert.Equal("40", (string)own["records"]!);
        Assert.Equal(HttpStatusCode.Unauthorized, (await server.PostAsync(Get, Of(Customer), "nonsense")).Status);
    }

    [Theory]
    [InlineData("""{"month": "2026-10"}""", "owner_id is required")]
    [InlineData("""{"ownerId": "a", "billingAccountId": "b", "month": "2026-10"}""", "owner_id is given beside")]
    [InlineData("""{"ownerId": "a"}""", "month is required, such as 2026-10, or from and to")]
    [InlineData("""{"ownerId": "a", "month": "2026-13"}""", "month is no month of the years 1678 to 2261")]
    [InlineData("""{"ownerId": "a", "month": "2262-01"}""", "month is no month of the years 1678 to 2261")]
    [InlineData("""{"ownerId": "a", "month": "2026-10", "from": "2026-10-01T00:00:00Z"}""", "month is given beside from or to")]
    [InlineData("""{"ownerId": "a", "from": "2026-10-02T00:00:00Z", "to": "2026-10-02T00:00:00Z"}""", "to is not after from")]
    [InlineData("""{"ownerId": "a", "month": "2026-10", "timeZone": "Moscow"}""", "time_zone names no time zone")]
    public async Task A_question_that_cannot_be_meant_is_refused(string question, string message)
    {
        await using RunningServer server = await RunningServer.StartAsync();
        (HttpStatusCode status, JsonNode body) = await server.PostAsync(Get, question, server.AdminToken);
        Assert.Equal(HttpStatusCode.BadRequest, status);
        Assert.StartsWith(message, (string)body["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_statement_in_several_passes_is_the_same()
    {
        var random = new Random(7);
        CountedRecord[] records = [.. Enumerable.Range(0, 1000).Select(number => new CountedRecord(
            number % 2 == 0 ? new UInt128((ulong)random.NextInt64(), 1) : (UInt128)number + 1, 3, 4, long.MaxValue - number, number * 1_000_003L, number, 1, Guid.Empty))];
        StatementContent one = (await MakeAsync(new ListedRecords(records), 1_000_000))!;
        foreach (int held in new[] { 1, 7, 499, 500, 501, 1000 })
        {
            StatementContent several = (await MakeAsync(new ListedRecords([.. records.Reverse()]), held))!;
            Assert.Equal((one.Sha256, one.Records), (several.Sha256, several.Records));
            Assert.Equal(one.Sums, several.Sums);
        }

        Assert.True(Assert.Single(one.Sums).Quantity > ulong.MaxValue);
        StatementContent other = (await MakeAsync(new ListedRecords([.. records[1..], records[0] with { Quantity = 1 }]), 1_000_000))!;
        Assert.NotEqual(one.Sha256, other.Sha256);
        Assert.Null(await MakeAsync(new ListedRecords(records) { IsGrowing = true }, 7)); // a record more with each pass
    }

    private static Task<StatementContent?> MakeAsync(IRecordReader reader, int held)
    {
        var catalog = new CatalogHolder
        {
            Current = new CatalogSnapshot(new StoredCatalog(1,
            [
                new(1, new Publisher("acme", "Acme"), false), new(2, new Product("gateway", "Gateway", "acme", ProductKind.Image, Active: true), false),
                new(3, new Customer("buyer", "Buyer", Suspended: false), false), new(4, new Sku("cores", "Cores", "gateway", "core*hour", Active: true), false),
            ])),
        };
        return StatementContent.MakeAsync(
            new RecordView(ReadScope.Everything, RecordQuestion.Everything with { BillingAccountId = "buyer" }, catalog), reader, held, TestContext.Current.CancellationToken);
    }

    private static async Task<RunningServer> FilledAsync()
    {
        RunningServer server = await RunningServer.StartAsync();
        string publisher = await server.TokenAsync("acme-reporter");
        for (int request = 0; request < 2; request++)
        {
            JsonObject[] records = [.. Enumerable.Range(0, 20).Select(number =>
                server.Record(quantity: 1 + (number * 1000), sku: number % 3 == 0 ? "acme-database-storage" : RunningServer.InstanceSku, age: TimeSpan.FromMilliseconds(number * 1234.5)))];
            Assert.All((await server.WriteAsync(publisher, records)).Values, verdict => Assert.Equal("ACCEPTED", verdict));
        }

        server.Time.Now += TimeSpan.FromDays(10); // December 1st, and no record of November is accepted any more
        return server;
    }

    private static async Task<string> ShellAsync(string script, IEnumerable<string> lines)
    {
        using Process shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", script]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        await shell.StandardInput.WriteAsync(string.Concat(lines.Select(line => line + "\n")));
        shell.StandardInput.Close();
        string output = await shell.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
        return output.Trim();
    }

    /// <summary>Records in the order given, page by page.</summary>
    private sealed class ListedRecords(IReadOnlyList<CountedRecord> records) : IRecordReader
    {
        private const int PageRecords = 64;

        private int _grown;

        public bool IsGrowing { get; init; }

        public Task<RecordPage> ReadAsync(LedgerCursor after, int recordsMaximum, CancellationToken cancellationToken)
        {
            int place = after.IsStart ? 0 : int.Parse(Encoding.ASCII.GetString(after.Bytes.Span), CultureInfo.InvariantCulture);
            CountedRecord[] page = [.. records.Skip(place).Take(PageRecords)];
            bool isEnd = place + page.Length == records.Count;
            if (isEnd && IsGrowing)
                page = [.. page, .. Enumerable.Range(0, ++_grown).Select(number => records[0] with { Uuid = UInt128.MaxValue - (UInt128)number })];
            return Task.FromResult(new RecordPage(page, new LedgerCursor(Encoding.ASCII.GetBytes((place + page.Length).ToString(CultureInfo.InvariantCulture))), isEnd));
        }

        public Task WaitAsync(LedgerCursor after, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<LedgerCursor> EndAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<LedgerCursor> SeekAsync(long acceptedUnixNanoseconds, CancellationToken cancellationToken) => Task.FromResult(LedgerCursor.Start);

        public Task<bool> IsClockSetBackAfterAsync(LedgerCursor place, CancellationToken cancellationToken) => Task.FromResult(false);

        public Task<IReadOnlyDictionary<UInt128, CountedRecord>> FindAsync(IReadOnlyCollection<UInt128> uuids, CancellationToken cancellationToken) =>
            throw new NotSupportedException();
    }
}
