using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

namespace Metering.Server.Tests;

/// <summary>A record as it was written, with everything that reading must show of it.</summary>
internal sealed record WrittenRecord(
    string Uuid, string Product, string Instance, string BillingAccount, string Sku, string Unit, long Quantity, DateTimeOffset Timestamp,
    DateTimeOffset Accepted, string Account, string Publisher)
{
    /// <summary>All of it but the request's id.</summary>
    public string Line => string.Join(' ', Uuid, Product, Instance, BillingAccount, Sku, Unit, Quantity, Moment(Timestamp), Moment(Accepted), Account);

    public static string LineOf(JsonNode? record) => string.Join(' ', new[]
    {
        "uuid", "productId", "productInstanceId", "billingAccountId", "skuId", "unit", "quantity", "timestamp", "accepted", "serviceAccountId",
    }.Select(name => (string?)record![name] ?? ""));

    public static string Moment(DateTimeOffset moment)
    {
        string text = moment.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);
        string nanoseconds = moment.UtcDateTime.ToString("fffffff", CultureInfo.InvariantCulture) + "00";
        string digits = nanoseconds == "000000000" ? "" : "." + (nanoseconds.EndsWith("000000") ? nanoseconds[..3] : nanoseconds.EndsWith("000") ? nanoseconds[..6] : nanoseconds);
        return text + digits + "Z";
    }
}

/// <summary>A server with two publishers, two customers and a random history that the test knows.</summary>
internal sealed class RecordHistory : IAsyncDisposable
{
    public const string Rival = "rival-reporter";
    public const string Publisher = "acme-reporter";
    public const string Customer = "first-customer-gateway";

    private static readonly (string Account, string Publisher, string Product, string Instance, string Customer, string[] Skus)[] Ways =
    [
        (Publisher, "acme", "acme-database", "acme-database-first", "dn2first0customer", ["acme-database-core-hours", "acme-database-storage"]),
        (Publisher, "acme", "acme-database", "acme-database-second", "dn2second0customer", ["acme-database-core-hours", "acme-database-requests"]),
        (Customer, "acme", RunningServer.ImageProduct, "", "dn2first0customer", [RunningServer.ImageSku, "acme-gateway-traffic"]),
        (Rival, "rival", "rival-app", "rival-instance", "dn2first0customer", ["rival-sku"]),
    ];

    private readonly Random _random;
    private readonly Dictionary<string, string> _tokens = [];

    private RecordHistory(RunningServer server, int seed)
    {
        Server = server;
        _random = new Random(seed);
    }

    public RunningServer Server { get; private set; }

    /// <summary>What was accepted, in its order.</summary>
    public List<WrittenRecord> Written { get; } = [];

    /// <summary>The sample's catalog, and a rival with a unit that a CSV has to quote.</summary>
    public static string Catalog => SampleCatalog.Yaml
        .Replace("publishers:\n", "publishers:\n  - id: rival\n    name: Rival\n", StringComparison.Ordinal)
        .Replace("products:\n", "products:\n  - id: rival-app\n    publisher: rival\n    name: App\n    metering: instance\n    skus:\n      - id: rival-sku\n        name: Rival\n        unit: 'piece, \"large\"'\n", StringComparison.Ordinal)
        .Replace("instances:\n", "instances:\n  - id: rival-instance\n    product: rival-app\n    customer: dn2first0customer\n", StringComparison.Ordinal)
        .Replace("service_accounts:\n", "service_accounts:\n  - id: rival-reporter\n    name: Rival\n    publisher: rival\n    roles: [marketplace.meteringAgent]\n", StringComparison.Ordinal);

    public static async Task<RecordHistory> StartAsync(int requests, int seed = 1)
    {
        RunningServer server = await RunningServer.StartAsync(Patient, catalogYaml: Catalog);
        var history = new RecordHistory(server, seed);
        await history.WriteAsync(requests);
        return history;
    }

    /// <summary>A token for an account; the admin's for no account.</summary>
    public async Task<string> TokenAsync(string? account)
    {
        if (account is null)
            return Server.AdminToken;
        if (!_tokens.TryGetValue(account, out string? token))
            _tokens[account] = token = await Server.TokenAsync(account);
        return token;
    }

    /// <summary>Writes random requests, one after the other.</summary>
    public async Task WriteAsync(int requests, int recordsMaximum = 8)
    {
        for (int request = 0; request < requests; request++)
        {
            var way = Ways[_random.Next(Ways.Length)];
            var records = new List<WrittenRecord>();
            for (int record = _random.Next(1, recordsMaximum + 1); record > 0; record--)
            {
                string sku = way.Skus[_random.Next(way.Skus.Length)];
                records.Add(new WrittenRecord(
                    NewUuid(), way.Product, way.Instance, way.Customer, sku, UnitOf(sku), _random.Next(1, 1000),
                    Server.Time.Now.AddSeconds(-_random.Next(0, 200_000)).AddTicks(_random.Next(3) * -5000), Server.Time.Now, way.Account, way.Publisher));
            }

            await SendAsync(way.Account, way.Product, way.Instance, records);
            Server.Time.Now += TimeSpan.FromSeconds(_random.Next(0, 3600));
        }
    }

    /// <summary>What an account may see: everything for nobody's.</summary>
    public IEnumerable<WrittenRecord> SeenBy(string? account) => account switch
    {
        null => Written,
        Customer => Written.Where(record => record.BillingAccount == "dn2first0customer"),
        Rival => Written.Where(record => record.Publisher == "rival"),
        _ => Written.Where(record => record.Publisher == "acme"),
    };

    /// <summary>A unary call over REST that must succeed.</summary>
    public async Task<JsonNode> CallAsync(string path, JsonObject request, string? account = null)
    {
        (HttpStatusCode status, JsonNode body) = await Server.PostAsync(path, request, await TokenAsync(account));
        Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
        return body;
    }

    /// <summary>A call over REST that must be refused for a field.</summary>
    public async Task<List<(string Field, string Problem)>> FaultsAsync(string path, JsonObject request)
    {
        (HttpStatusCode status, JsonNode body) = await Server.PostAsync(path, request, Server.AdminToken);
        Assert.True(status == HttpStatusCode.BadRequest, body.ToJsonString());
        return [.. body["details"]![0]!["fieldViolations"]!.AsArray().Select(one => ((string)one!["field"]!, (string)one["description"]!))];
    }

    /// <summary>Every page of a list.</summary>
    public async Task<List<string>> ListAsync(JsonObject? filter, int size, string? account = null)
    {
        var lines = new List<string>();
        string token = "";
        do
        {
            var request = new JsonObject { ["pageSize"] = size, ["pageToken"] = token };
            if (filter is not null)
                request["filter"] = filter.DeepClone();
            JsonNode page = await CallAsync("/metering/v1/records:list", request, account);
            Assert.InRange(page["records"]!.AsArray().Count, 0, size);
            lines.AddRange(page["records"]!.AsArray().Select(WrittenRecord.LineOf));
            token = (string)page["nextPageToken"]!;
        }
        while (token.Length > 0);
        return lines;
    }

    public async Task RestartAsync() => Server = await Server.RestartAsync(Patient);

    // Histories take days of the server's clock.
    private static void Patient(ServerOptions options) => (options.AcceptanceWindow, options.TokenLifetime) = (TimeSpan.FromDays(10), TimeSpan.FromDays(7));

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    private async Task SendAsync(string account, string product, string instance, List<WrittenRecord> records)
    {
        var wire = new JsonArray([.. records.Select(record => new JsonObject
        {
            ["uuid"] = record.Uuid, ["skuId"] = record.Sku, ["quantity"] = record.Quantity, ["timestamp"] = WrittenRecord.Moment(record.Timestamp),
        })]);
        JsonObject request = instance.Length > 0
            ? new JsonObject { ["productInstanceId"] = instance, ["usageRecords"] = wire }
            : new JsonObject { ["productId"] = product, ["usageRecords"] = wire };
        string path = $"/marketplace/metering/v1/{(instance.Length > 0 ? "productUsage" : "imageProductUsage")}/write";
        Assert.All(RunningServer.Verdicts(await Server.PostAsync(path, request, await TokenAsync(account))).Values, verdict => Assert.Equal("ACCEPTED", verdict));
        Written.AddRange(records);
    }

    private string NewUuid()
    {
        byte[] bytes = new byte[16];
        _random.NextBytes(bytes);
        return new Guid(bytes).ToString();
    }

    private static string UnitOf(string sku) => sku switch
    {
        "acme-database-storage" => "gbyte*hour",
        "acme-database-requests" => "request",
        "acme-gateway-traffic" => "gbyte",
        "rival-sku" => "piece, \"large\"",
        _ => "core*hour",
    };
}
