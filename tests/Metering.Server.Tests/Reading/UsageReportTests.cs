using System.Runtime.CompilerServices;
using Metering.Ledger;

namespace Metering.Server.Tests;

/// <summary>Names for the ledger's numbers, while the catalog changes.</summary>
public class UsageReportTests
{
    private static readonly StoredObject[] Before =
    [
        new(1, new Publisher("acme", "Acme"), false),
        new(2, new Product("gateway", "Gateway", "acme", ProductKind.Image, Active: true), false),
        new(3, new Customer("buyer", "Buyer", Suspended: false), false),
        new(4, new Sku("cores", "Cores", "gateway", "core*hour", Active: true), false),
    ];

    [Fact]
    public async Task A_sku_that_is_declared_and_counted_while_the_question_is_answered_has_its_name()
    {
        var catalog = new CatalogHolder { Current = new CatalogSnapshot(new StoredCatalog(1, Before)) };
        var after = new CatalogSnapshot(new StoredCatalog(2, [.. Before, new StoredObject(5, new Sku("traffic", "Traffic", "gateway", "gbyte", Active: true), false)]));
        var ledger = new ChangingLedger(() => catalog.Current = after, [new HourTotal(3, 4, 0, 7, 1), new HourTotal(3, 5, 0, 8, 1)]);
        UsageReport report = await UsageReport.MakeAsync(
            new UsageQuestion(HourRange.All, UsageWindow.All, UsageDimensions.Sku, "", "", "", ""), ReadScope.Everything, ledger, catalog, TestContext.Current.CancellationToken);
        Assert.Equal([("cores", (Int128)7), ("traffic", (Int128)8)], report.Totals.Select(total => (total.Key.SkuId, total.Value.Quantity)));
    }

    [Fact]
    public async Task A_number_that_no_catalog_knows_is_a_fault_not_a_guess()
    {
        var catalog = new CatalogHolder { Current = new CatalogSnapshot(new StoredCatalog(1, Before)) };
        var question = new UsageQuestion(HourRange.All, UsageWindow.All, UsageDimensions.All, "", "", "", "");
        await Assert.ThrowsAsync<InvalidOperationException>(() => UsageReport.MakeAsync(
            question, ReadScope.Everything, new ChangingLedger(() => { }, [new HourTotal(3, 99, 0, 7, 1)]), catalog, TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<InvalidOperationException>(() => UsageReport.MakeAsync(
            question, ReadScope.Everything, new ChangingLedger(() => { }, [new HourTotal(99, 4, 0, 7, 1)]), catalog, TestContext.Current.CancellationToken));
    }

    /// <summary>A ledger whose surroundings change as soon as it is read.</summary>
    private sealed class ChangingLedger(Action onRead, HourTotal[] totals) : ILedger
    {
        public long HighWaterUnixNanoseconds => 0;

        public Task<string> Failure { get; } = new TaskCompletionSource<string>().Task;

        public string? Outage => null;

        public Task SetHighWaterAsync(long unixNanoseconds) => throw new NotSupportedException();

        public ValueTask<LedgerAnswer> WriteAsync(UsageWrite write) => throw new NotSupportedException();

        public async IAsyncEnumerable<HourTotal> ReadTotalsAsync(HourRange range, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            onRead();
            await Task.Yield();
            foreach (HourTotal total in totals)
                yield return total;
        }

        public async IAsyncEnumerable<HourRejections> ReadRejectionsAsync(HourRange range, [EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.Yield();
            yield break;
        }

        public IAsyncEnumerable<CountedRecord> ReadRecordsAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<LedgerVerification> VerifyAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
