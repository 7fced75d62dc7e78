namespace Metering.EndToEnd.Tests;

/// <summary>A server on samples/catalog.yaml, with the keys and tokens of two of its accounts, made as a reader would make them.</summary>
public sealed class SampleMarketplace : IAsyncLifetime
{
    public const string Publisher = "acme-reporter";
    public const string Customer = "first-customer-gateway";
    public const string Instance = "acme-database-first";
    public const string Sku = "acme-database-core-hours";
    public const string OtherSku = "acme-database-storage";
    public const string ImageProduct = "f2e4tmlj4qqciunhr7e6";
    public const string ImageSku = "dn272e8979uvek5cnuhk";

    private readonly TemporaryDirectory _folder = new();
    private MeteringProcess? _server;

    /// <summary>The catalog that the server starts with.</summary>
    public static string Catalog => Checkout.PathOf("samples/catalog.yaml");

    public string PublisherKey => _folder["publisher.json"];

    public string CustomerKey => _folder["customer.json"];

    internal MeteringProcess Server => _server!;

    public async ValueTask InitializeAsync()
    {
        _server = await MeteringProcess.StartAsync(_folder["data"], "--catalog", Catalog);
        await Task.WhenAll(CreateKeyAsync(_server, Publisher, PublisherKey), CreateKeyAsync(_server, Customer, CustomerKey));
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>`metering key create`.</summary>
    internal static async Task CreateKeyAsync(MeteringProcess server, string account, string file) => (await Programs.MeteringAsync(
        "key", "create", "--service-account", account, "--output", file, "--data", server.Data, "--address", AddressOf(server))).Succeeded();

    /// <summary>`metering token create`.</summary>
    internal static async Task<string> CreateTokenAsync(MeteringProcess server, string keyFile) => (await Programs.MeteringAsync(
        "token", "create", "--key", keyFile, "--data", server.Data, "--address", AddressOf(server))).Succeeded().Trim();

    private static string AddressOf(MeteringProcess server) => $"https://localhost:{server.HttpsPort}";
}
