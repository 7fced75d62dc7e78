namespace Metering.Ledger.Tests;

public sealed class UsageWriteTests
{
    [Fact]
    public void Records_beyond_the_limit_are_counted_but_not_kept()
    {
        var write = new UsageWrite();
        for (int record = 0; record < Limits.RecordsPerWrite + 5; record++)
            write.AddRecord().Quantity = record;
        Assert.Equal(Limits.RecordsPerWrite + 5, write.RecordCount);
        Assert.Equal(Limits.RecordsPerWrite, write.Records.Length);
        Assert.Equal(0, write.Records[0].Quantity);
    }

    [Fact]
    public async Task One_object_carries_many_requests_each_with_its_own_answer()
    {
        var write = new UsageWrite();
        foreach (LedgerAnswer expected in Enum.GetValues<LedgerAnswer>())
        {
            write.Reset();
            ValueTask<LedgerAnswer> answer = write.WaitForAnswer();
            Assert.False(answer.IsCompleted);
            write.Complete(expected);
            Assert.Equal(expected, await answer);
        }
    }

    [Fact]
    public void A_reset_leaves_nothing_of_the_request_before()
    {
        var write = new UsageWrite
        {
            Kind = UsageKind.Image, DryRun = true, TargetText = new TextSlice(1, 2), OwnerKey = 3, AccountKey = 4, RequestId = new Guid(1, 2, 3, new byte[8]),
            ReceivedUnixNanoseconds = 5, NextInQueue = new UsageWrite(),
            Product = new ProductEntry(1, new Product("p", "P", "u", ProductKind.Image, true), true),
        };
        write.AddRecord().Quantity = 9;
        write.Reset();
        Assert.Equal((default, false, default, 0, 0), (write.Kind, write.DryRun, write.TargetText, write.OwnerKey, write.AccountKey));
        Assert.Equal((Guid.Empty, 0L), (write.RequestId, write.ReceivedUnixNanoseconds));
        Assert.Null(write.NextInQueue);
        Assert.Null(write.Product);
        Assert.True(write.Records.IsEmpty);
        Assert.Equal(0, write.AddRecord().Quantity);
    }
}
