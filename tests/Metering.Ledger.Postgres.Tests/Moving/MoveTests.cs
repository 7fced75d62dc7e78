using Metering.Server;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>A ledger that was moved is the same ledger.</summary>
public sealed class MoveTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Both_stores_tell_the_same_of_a_ledger_that_was_moved(int seed)
    {
        await using SourceLedger source = await SourceLedger.MakeAsync(seed);
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        MoveReport report = await Moves.RunAsync(source, place);
        LedgerPicture before = await source.ReadAsync();
        Assert.Empty(report.Differences);
        Assert.Equal((before.Records.Count, before.Records.Count), (report.Records, report.Moved));
        Assert.Equal((before.Totals.Count, before.Rejections.Count), (report.Totals, report.Rejections));
        Assert.Contains(before.Totals, total => total.Quantity > long.MaxValue);
        Assert.NotEmpty(before.Corrections);
        Assert.True(before.Records.Count > 100 && before.Rejections.Count > 10);

        await using StoreUnderTest moved = await StoreUnderTest.OpenAsync(place, new StoreShape(), source.Time);
        LedgerPicture after = await LedgerPicture.TakeAsync(moved);
        before.AssertSame(after);
        await moved.AssertSoundAsync();
        Assert.Equal(await FeedAsync(source), await Feed.ReadAsync(moved.Store.Records, 37));
        Assert.Equal(source.AdminToken, await moved.Store.Credentials.AgreeOnAdminTokenAsync("another", TestLedger.Stop));
    }

    [Fact]
    public async Task What_was_counted_is_a_duplicate_after_the_move_and_what_comes_is_added()
    {
        await using SourceLedger source = await SourceLedger.MakeAsync(4);
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        await Moves.RunAsync(source, place);
        LedgerPicture before = await source.ReadAsync();
        HashSet<UInt128> counted = [.. before.Records.Select(record => record.Uuid)];

        await using StoreUnderTest moved = await StoreUnderTest.OpenAsync(place, new StoreShape(), source.Time);
        foreach (long[] ids in source.Sent.Order().Chunk(25))
        {
            RecordSpec[] again = [.. ids.Select(id => new RecordSpec(id))];
            Assert.Equal(again.Select(record => counted.Contains(record.Uuid) ? Verdict.Duplicate : Verdict.Accepted), await moved.VerdictsAsync(again));
        }

        LedgerPicture after = await LedgerPicture.TakeAsync(moved);
        Assert.Equal(source.Sent.Count, after.Records.Count);
        await moved.AssertSoundAsync();

        // A new object gets a number that no other has.
        StoredCatalog catalog = await moved.Store.Catalog.ApplyAsync(2, [new(new Publisher("later", "Later"), false)], TestLedger.Stop);
        Assert.Equal(catalog.Objects.Count, catalog.Objects.Select(stored => stored.Key).Distinct().Count());
    }

    [Fact]
    public async Task An_empty_ledger_is_moved_too()
    {
        await using SourceLedger source = await SourceLedger.MakeAsync(5, requests: 0);
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        MoveReport report = await Moves.RunAsync(source, place);
        Assert.Empty(report.Differences);
        Assert.Equal((0, 8), (report.Records, report.CatalogObjects));
        (await source.ReadAsync()).AssertSame(await ReadAsync(place, source));
    }

    [Fact]
    public async Task Progress_comes_to_its_end_in_every_phase()
    {
        await using SourceLedger source = await SourceLedger.MakeAsync(6);
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        var progress = new Moves.Progress();
        MoveReport report = await Program.MigrateAsync(Moves.Options(source, place), progress, TestLedger.Stop);
        Assert.Equal(Enum.GetValues<MovePhase>(), progress.Told.Select(told => told.Phase).Distinct());
        Assert.All(progress.Told, told => Assert.Equal(report.Records, told.Total));
        foreach (MovePhase phase in Enum.GetValues<MovePhase>())
            Assert.Equal(report.Records, progress.Told.Last(told => told.Phase == phase).Records);
        Assert.True(progress.Told.Count(told => told.Phase == MovePhase.Moving) > 3);
    }

    private static async Task<List<CountedRecord>> FeedAsync(SourceLedger source)
    {
        await using StoreUnderTest store = await source.OpenAsync();
        return await Feed.ReadAsync(store.Store.Records, Limits.PageRecords);
    }

    private static async Task<LedgerPicture> ReadAsync(SchemaPlace place, SourceLedger source)
    {
        await using StoreUnderTest moved = await StoreUnderTest.OpenAsync(place, new StoreShape(), source.Time);
        return await LedgerPicture.TakeAsync(moved);
    }
}
