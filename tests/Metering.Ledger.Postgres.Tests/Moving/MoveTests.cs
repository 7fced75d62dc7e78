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
        Assert.NotEmpty(before.Replays);
        Assert.Equal((before.Rejected.Count, 1), (report.RejectedRecords, report.Consumers));
        Assert.True(before.Rejected.Count > 10);
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

    [Theory]
    [InlineData(100)] // fewer than a group takes: each transaction ends with one that is not full
    [InlineData(50_000)]
    public async Task A_consumer_of_the_feed_goes_on_after_the_move_with_the_record_after_its_last(int transactionRecords)
    {
        await using SourceLedger source = await SourceLedger.MakeAsync(7, requests: 300);
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        var left = new Dictionary<string, List<CountedRecord>>();
        await source.ServeAsync(0, async store =>
        {
            LedgerCursor cursor = LedgerCursor.Start;
            for (bool isEnd = false; ; )
            {
                string name = $"consumer {left.Count}";
                left.Add(name, await Feed.ReadAsync(store.Records, 500, cursor));
                await store.Consumers.SaveAsync("", new ConsumerPlace(name, cursor, left.Count), null, TestLedger.Stop);
                if (isEnd)
                    break;
                RecordPage page = await store.Records.ReadAsync(cursor, 113, TestLedger.Stop);
                (cursor, isEnd) = (page.Next, page.IsEnd);
            }

            byte[] foreign = [.. cursor.Bytes.Span];
            foreign[5] ^= 1; // of another ledger: nobody could have gone on there before either
            await store.Consumers.SaveAsync("", new ConsumerPlace("foreign", new LedgerCursor(foreign), 9), null, TestLedger.Stop);
        });
        Assert.True(left.Count > 10);

        MigrationOptions options = Moves.Options(source, place) with { TransactionRecords = transactionRecords };
        MoveReport report = await Program.MigrateAsync(options, new Moves.Progress(), TestLedger.Stop);
        Assert.Empty(report.Differences);
        Assert.Equal(left.Count + 1, report.Consumers); // and the one that every source has
        await using StoreUnderTest moved = await StoreUnderTest.OpenAsync(place, new StoreShape(), source.Time);
        await moved.WriteAsync(new RecordSpec(1_000_000));
        IReadOnlyList<ConsumerPlace> consumers = await moved.Store.Consumers.ListAsync("", TestLedger.Stop);
        Assert.Equal(left.Keys.Order(StringComparer.Ordinal), consumers.Select(consumer => consumer.Name));
        foreach (ConsumerPlace consumer in consumers)
        {
            List<CountedRecord> read = await Feed.ReadAsync(moved.Store.Records, 71, consumer.Cursor);
            Assert.Equal(left[consumer.Name], read[..^1]);
            Assert.Equal(new RecordSpec(1_000_000).Uuid, read[^1].Uuid);
        }
    }

    [Fact]
    public async Task Archived_records_are_moved_from_their_archives()
    {
        await using SourceLedger source = await SourceLedger.MakeAsync(8, requests: 100);
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        LedgerPicture before = await source.ReadAsync();
        await source.ServeAsync(0, async store =>
        {
            long until = MeteringClock.ToUnixNanoseconds(source.Time.GetUtcNow() - TimeSpan.FromHours(1));
            Assert.Equal(ArchiveOutcome.Archived, (await store.Archives!.CreateAsync(new ArchiveOrder(until), TestLedger.Stop)).Outcome);
        });
        int inLedger = (await source.ReadAsync()).Records.Count;
        Assert.InRange(inLedger, 1, before.Records.Count - 1);

        string archive = Directory.GetFiles(Path.Combine(source.Folder, "archives")).Single();
        File.Move(archive, archive + ".away");
        string message = (await Assert.ThrowsAsync<StartException>(() => Moves.RunAsync(source, place))).Message;
        Assert.Contains($"not all are there, whole. Bring back into {Path.Combine(source.Folder, "archives")}", message);
        Assert.Contains(Path.GetFileName(archive), message);
        File.Move(archive + ".away", archive);

        MoveReport report = await Moves.RunAsync(source, place);
        Assert.Empty(report.Differences);
        Assert.Equal(before.Records.Count, report.Records);
        before.AssertSame(await ReadAsync(place, source));
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
