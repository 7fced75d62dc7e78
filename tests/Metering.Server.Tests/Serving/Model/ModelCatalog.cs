namespace Metering.Server.Tests;

/// <summary>A version of the sample catalog, as a file and as the model sees it.</summary>
/// <param name="Yaml">The file.</param>
/// <param name="ActiveSkus">The product of each SKU that is in use.</param>
/// <param name="ActiveProducts">The products that are in use.</param>
internal sealed record ModelCatalog(string Yaml, IReadOnlyDictionary<string, string> ActiveSkus, IReadOnlySet<string> ActiveProducts)
{
    public const string Database = "acme-database";
    public const string Gateway = RunningServer.ImageProduct;

    private const string Storage = "      - id: acme-database-storage\n        name: Database storage\n        unit: gbyte*hour\n";
    private const string Backups = "      - id: acme-database-backups\n        name: Database backups\n        unit: gbyte*hour\n";
    private const string GatewayName = "    name: Acme Gateway\n";

    /// <summary>Every SKU that any version declares or has declared.</summary>
    public static readonly string[] AllSkus =
    [
        RunningServer.InstanceSku, "acme-database-storage", "acme-database-requests", "acme-database-legacy", "acme-database-backups",
        RunningServer.ImageSku, "acme-gateway-traffic",
    ];

    /// <summary>The sample; one SKU in place of another; the gateway out of use.</summary>
    public static readonly ModelCatalog[] All =
    [
        new(SampleCatalog.Yaml, Skus("acme-database-storage"), new HashSet<string> { Database, Gateway }),
        new(Changed(Storage, Backups), Skus("acme-database-backups"), new HashSet<string> { Database, Gateway }),
        new(Changed(GatewayName, GatewayName + "    active: false\n"), Skus("acme-database-storage"), new HashSet<string> { Database }),
    ];

    private static Dictionary<string, string> Skus(string third) => new()
    {
        [RunningServer.InstanceSku] = Database,
        ["acme-database-requests"] = Database,
        [third] = Database,
        [RunningServer.ImageSku] = Gateway,
        ["acme-gateway-traffic"] = Gateway,
    };

    private static string Changed(string text, string instead)
    {
        Assert.Contains(text, SampleCatalog.Yaml);
        return SampleCatalog.Yaml.Replace(text, instead);
    }
}
