using Metering.Ledger;

namespace Metering.Server.Tests;

public sealed class CatalogYamlTests
{
    private static readonly string[] Fragments =
    [
        "a", "Z", "9", " ", "  ", ":", ": ", " #", "#", "'", "\"", "\\", "\\n", "-", "- ", "?", "[", "]", "{", "}", ",", "&", "*", "!", "|", ">", "%",
        "@", "`", "~", "null", "true", "no", "1", "0x1f", "1e3", "=", "<<", "é", "Ж", "日本", "\U0001F600", "\u00a0", "---", "...", "2026-01-01",
    ];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Three_hundred_catalogs_survive_export_and_apply_without_a_difference()
    {
        var random = new Random(20260304);
        for (int round = 0; round < 300; round++)
        {
            var store = new CatalogStoreInMemory();
            StoredCatalog stored = store.Put(MakeCatalog(random));
            using var registry = new CatalogRegistry(store, new CatalogHolder(), new SettableTime());
            string yaml = CatalogRegistry.ExportYaml(stored);
            CatalogApplication application = await registry.ApplyAsync(yaml, "export", dryRun: false, Cancellation);
            Assert.True(application.Faults.Count == 0, $"{string.Join('\n', application.Faults)}\n{yaml}");
            Assert.True(application.Differences.Count == 0, $"{string.Join('\n', application.Differences)}\n{yaml}");

            // And into an empty store: the same file again.
            using var elsewhere = new CatalogRegistry(new CatalogStoreInMemory(), new CatalogHolder(), new SettableTime());
            Assert.Empty((await elsewhere.ApplyAsync(yaml, "export", dryRun: false, Cancellation)).Faults);
        }
    }

    [Fact]
    public async Task Retired_objects_are_left_out_and_registered_keys_are_comments()
    {
        var store = new CatalogStoreInMemory();
        var holder = new CatalogHolder();
        using var registry = new CatalogRegistry(store, holder, new SettableTime());
        await registry.ApplyAsync(CatalogSamples.Full, "f", dryRun: false, Cancellation);
        await registry.RegisterKeyAsync("ajk-2", "aje-example", "RSA_2048", TestKeys.Second.PublicPem(), Cancellation);
        string changed = CatalogSamples.Full.Replace("\n  - id: acme-image", "\n  - id: acme-disk", StringComparison.Ordinal);
        await registry.ApplyAsync(changed, "f", dryRun: false, Cancellation);
        string yaml = CatalogRegistry.ExportYaml(holder.Current.Stored);
        Assert.Contains("# Key ajk-2 was registered by itself: applying this file leaves it alone.", yaml, StringComparison.Ordinal);
        Assert.DoesNotContain("id: ajk-2", yaml, StringComparison.Ordinal);
        Assert.DoesNotContain("acme-image", yaml, StringComparison.Ordinal);
        Assert.Contains("id: acme-disk", yaml, StringComparison.Ordinal);
        Assert.StartsWith("# The catalog at version 3.\nversion: 1\n", yaml, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_catalog_is_a_valid_file()
    {
        var faults = new CatalogFaults("f");
        Assert.NotNull(CatalogReader.Read(CatalogRegistry.ExportYaml(new StoredCatalog(0, [])), faults));
        Assert.False(faults.Any);
    }

    private static List<CatalogPut> MakeCatalog(Random random)
    {
        var objects = new List<CatalogObject>();
        List<string> publishers = MakeIds(random), customers = MakeIds(random), products = MakeIds(random), skus = MakeIds(random);
        objects.AddRange(publishers.Select(id => new Publisher(id, Name(random))));
        objects.AddRange(customers.Select(id => new Customer(id, Name(random), Flip(random))));
        var byInstance = new List<string>();
        foreach (string id in products)
        {
            ProductKind metering = Flip(random) ? ProductKind.Image : ProductKind.Instance;
            if (metering == ProductKind.Instance)
                byInstance.Add(id);
            objects.Add(new Product(id, Name(random), Pick(publishers, random), metering, Flip(random)));
        }

        objects.AddRange(skus.Select(id => new Sku(id, Name(random), Pick(products, random), Name(random)[..1] + "h", Flip(random))));
        if (byInstance.Count > 0)
            objects.AddRange(MakeIds(random).Select(id => new ProductInstance(id, Pick(byInstance, random), Pick(customers, random), Flip(random))));
        foreach (string id in MakeIds(random))
        {
            bool isPublishers = Flip(random);
            objects.Add(new ServiceAccount(
                id, Name(random), isPublishers ? Pick(publishers, random) : null, isPublishers ? null : Pick(customers, random),
                Flip(random) ? [ServiceAccount.MeteringAgent] : []));
            objects.Add(new AuthorizedKey(
                "k" + id, id, SettableTime.Start.AddSeconds(random.Next(100_000)), "RSA_2048",
                (Flip(random) ? TestKeys.First : TestKeys.Second).PublicPem(), Flip(random)));
        }

        return [.. objects.Select(one => new CatalogPut(one, Retired: false))];
    }

    // Words that YAML has a meaning for are ids too.
    private static List<string> MakeIds(Random random) =>
        [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => random.Next(4) switch
        {
            0 => Pick(["true", "null", "no", "1", "1e3", "0x1f", "2026-01-01", "1.5", "y", "0o7"], random),
            1 => $"{random.Next()}",
            _ => $"id-{random.Next()}_x.y",
        }).Distinct()];

    private static string Name(Random random)
    {
        string name = string.Concat(Enumerable.Range(0, random.Next(1, 8)).Select(_ => Pick(Fragments, random)));
        return char.IsSurrogate(name[0]) ? "x" + name : name;
    }

    private static bool Flip(Random random) => random.Next(2) == 0;

    private static string Pick(IReadOnlyList<string> from, Random random) => from[random.Next(from.Count)];
}
