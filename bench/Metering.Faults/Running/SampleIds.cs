namespace Metering.Faults;

/// <summary>Ids of samples/catalog.yaml, and keys and tokens for its accounts, made as a reader of the documents makes them.</summary>
internal static class SampleIds
{
    public const string Publisher = "acme-reporter";
    public const string Instance = "acme-database-first";
    public const string Sku = "acme-database-core-hours";
    public const string OtherSku = "acme-database-storage";

    /// <summary>The catalog.</summary>
    public static string Catalog => BuiltPrograms.PathOf("samples/catalog.yaml");

    /// <summary>`metering key create`.</summary>
    public static async Task CreateKeyAsync(MeteringProcess server, string account, string file) => (await Programs.MeteringAsync(
        "key", "create", "--service-account", account, "--output", file, "--data", server.Data, "--address", AddressOf(server))).Succeeded();

    /// <summary>`metering token create`.</summary>
    public static async Task<string> CreateTokenAsync(MeteringProcess server, string keyFile) => (await Programs.MeteringAsync(
        "token", "create", "--key", keyFile, "--data", server.Data, "--address", AddressOf(server))).Succeeded().Trim();

    private static string AddressOf(MeteringProcess server) => $"https://localhost:{server.HttpsPort}";
}
