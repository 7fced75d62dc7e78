using System.Text;
using Metering.Ledger;

namespace Metering.Server.Tests;

/// <summary>What somebody can learn about what is not his. Time itself is too noisy to be asserted; what it is spent on is not.</summary>
public sealed class AuthorizerTests
{
    private static readonly CatalogSnapshot Catalog = new(new StoredCatalog(1, [
        new StoredObject(1, new Publisher("acme", "Acme"), false),
        new StoredObject(2, new Publisher("other", "Other"), false),
        new StoredObject(3, new Product("acme-product", "Product", "acme", ProductKind.Instance, true), false),
        new StoredObject(4, new Product("other-product", "Product", "other", ProductKind.Instance, true), false),
        new StoredObject(5, new Customer("customer", "Customer", false), false),
        new StoredObject(6, new ProductInstance("own-instance", "acme-product", "customer", true), false),
        new StoredObject(7, new ProductInstance("foreign-instance", "other-product", "customer", true), false),
        new StoredObject(8, new ProductInstance("inactive-instance", "acme-product", "customer", false), false),
        new StoredObject(9, new ProductInstance("retired-instance", "acme-product", "customer", true), true),
        new StoredObject(10, new ServiceAccount("reporter", "Reporter", "acme", null, [ServiceAccount.MeteringAgent]), false),
    ]));

    private readonly Authorizer _authorizer = new();

    [Fact]
    public void Unknown_foreign_and_inactive_instances_take_the_same_steps()
    {
        // One look-up, one refusal made beforehand, nothing allocated: only the look-up's own time is left to differ.
        Assert.Null(Ask("own-instance", out _)); // control, and what it takes to run for the first time
        Refusal unknown = Ask("unknown-instance", out _)!;
        foreach (string instance in new[] { "foreign-instance", "inactive-instance", "retired-instance", "unknown-instance", new string('x', Limits.IdCharacters) })
        {
            Assert.Same(unknown, Ask(instance, out long allocatedBytes));
            Assert.Equal(0, allocatedBytes);
        }
    }

    private Refusal? Ask(string instance, out long allocatedBytes)
    {
        AccountEntry account = Catalog.FindAccount("reporter")!;
        var write = new UsageWrite { Kind = UsageKind.ProductInstance, TargetText = new TextSlice(0, instance.Length) };
        Encoding.ASCII.GetBytes(instance).CopyTo(write.Payload, 0);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Refusal? refusal = _authorizer.Authorize(write, account, Catalog);
        allocatedBytes = GC.GetAllocatedBytesForCurrentThread() - before;
        return refusal;
    }
}
