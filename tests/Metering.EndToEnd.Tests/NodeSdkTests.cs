using System.Text.Json;

namespace Metering.EndToEnd.Tests;

/// <summary>The official Node SDK, unmodified, over TLS with the local CA. Its scripts stand in tests/sdk-node.</summary>
public sealed class NodeSdkTests(SampleMarketplace marketplace) : IClassFixture<SampleMarketplace>
{
    private static readonly string[] Ids =
    [
        "--instance", SampleMarketplace.Instance, "--sku", SampleMarketplace.Sku, "--other-sku", SampleMarketplace.ImageSku,
        "--image-product", SampleMarketplace.ImageProduct, "--image-sku", SampleMarketplace.ImageSku,
        "--image-other-sku", SampleMarketplace.OtherSku,
    ];

    [Fact]
    public async Task It_writes_with_tokens_at_an_endpoint_of_its_own()
    {
        var tokens = new Dictionary<string, string>
        {
            ["METERING_PUBLISHER_TOKEN"] = await SampleIds.CreateTokenAsync(marketplace.Server, marketplace.PublisherKey),
            ["METERING_CUSTOMER_TOKEN"] = await SampleIds.CreateTokenAsync(marketplace.Server, marketplace.CustomerKey),
        };
        await RunAsync("write.mjs", ["--endpoint", $"localhost:{marketplace.Server.HttpsPort}"], tokens, leastCases: 30);
    }

    [Fact]
    public async Task It_logs_in_with_key_files_and_its_fixed_host_names() => await RunAsync(
        "service-account.mjs",
        [
            "--server", $"127.0.0.1:{marketplace.Server.HttpsPort}",
            "--publisher-key", marketplace.PublisherKey, "--customer-key", marketplace.CustomerKey,
        ],
        environment: null,
        leastCases: 20);

    private async Task RunAsync(string script, string[] arguments, Dictionary<string, string>? environment, int leastCases)
    {
        Finished finished = await Programs.RunAsync(
            "node",
            [Checkout.PathOf($"tests/sdk-node/{script}"), "--ca", marketplace.Server.CertificateAuthority, .. arguments, .. Ids],
            environment);
        Assert.True(finished.Output.StartsWith('{'), $"{script} gave no JSON. {finished.Errors}");
        JsonElement result = JsonElement.Parse(finished.Output);
        var failures = new List<string>();
        int cases = Collect(result, script, failures);
        Assert.True(
            result.GetProperty("ok").GetBoolean() && failures.Count == 0 && finished.ExitCode == 0,
            $"{string.Join('\n', failures)}\n{finished.Errors}\n{marketplace.Server.Errors}");
        Assert.True(cases >= leastCases, $"{script} ran only {cases} cases.");
    }

    // Every case is an object with ok; one that failed shows what was expected and what was answered.
    private static int Collect(JsonElement node, string path, List<string> failures)
    {
        if (node.ValueKind != JsonValueKind.Object)
            return 0;
        int cases = node.EnumerateObject().Sum(member => Collect(member.Value, $"{path} / {member.Name}", failures));
        if (cases > 0 || !node.TryGetProperty("ok", out JsonElement ok))
            return cases;
        if (!ok.GetBoolean())
            failures.Add($"{path}: {node}");
        return 1;
    }
}
