namespace Metering.EndToEnd.Tests;

/// <summary>A server on samples/catalog.yaml, with the keys and tokens of two of its accounts, made as a reader would make them.</summary>
public sealed class SampleMarketplace : IAsyncLifetime
{
    public const string Publisher = SampleIds.Publisher;
    public const string Customer = "first-customer-gateway";
    public const string Instance = SampleIds.Instance;
    public const string Sku = SampleIds.Sku;
    public const string OtherSku = SampleIds.OtherSku;
    public const string ImageProduct = "f2e4tmlj4qqciunhr7e6";
    public const string ImageSku = "dn272e8979uvek5cnuhk";

    private readonly TemporaryDirectory _folder = new();
    private MeteringProcess? _server;

    /// <summary>The catalog that the server starts with.</summary>
    public static string Catalog => SampleIds.Catalog;

    public string PublisherKey => _folder["publisher.json"];

    public string CustomerKey => _folder["customer.json"];

    internal MeteringProcess Server => _server!;

    public async ValueTask InitializeAsync()
    {
        _server = await MeteringProcess.StartAsync(_folder["data"], "--catalog", Catalog);
        await Task.WhenAll(SampleIds.CreateKeyAsync(_server, Publisher, PublisherKey), SampleIds.CreateKeyAsync(_server, Customer, CustomerKey));
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _folder.Dispose();
    }
}
