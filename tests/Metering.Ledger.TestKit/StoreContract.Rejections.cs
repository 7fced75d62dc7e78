namespace Metering.Ledger.TestKit;

/// <content>Rejected records: kept as they were sent, found again, bounded, dropped and counted.</content>
public abstract partial class StoreContract
{
    private const string Target = "instance";

    [Fact]
    public async Task A_rejected_record_is_kept_as_it_was_sent()
    {
        await using Nodes nodes = await OpenAsync();
        string uuid = RejectedSpec.UuidOf(1);
        string longest = new string('x', Limits.RejectedTextBytes - 1) + "é"; // its last character would be cut in halves
        RejectedSpec[] specs =
        [
            new(uuid) { Quantity = long.MinValue },
            new(uuid.ToUpperInvariant()) { Quantity = long.MaxValue, Sku = "" },
            new("") { Timestamp = null },
            new("not a uuid \0 at all ☂") { Timestamp = (long.MaxValue, int.MinValue) },
            new(RejectedSpec.UuidOf(2), Verdict.InvalidProductId) { Timestamp = (long.MinValue, int.MaxValue) },
            new(RejectedSpec.UuidOf(3), Verdict.Expired) { Timestamp = (-1, 999_999_999) },
            new(RejectedSpec.UuidOf(4), Verdict.InvalidTimestamp) { Timestamp = (0, 0) },
            new(RejectedSpec.UuidOf(5), Verdict.InvalidQuantity) { Quantity = 0 },
            new(longest),
        ];
        var model = new RejectionsModel();
        await RejectAsync(nodes.First, model, specs);
        await nodes.RestartAsync();

        List<RejectedRecord> expected = RejectionsModel.Sorted(model.Kept);
        string cut = new('x', Limits.RejectedTextBytes - 1);
        expected[^1] = expected[^1] with { Uuid = cut, IsCut = true };
        Assert.Equal(expected, RejectionsModel.Sorted(await SearchAsync(nodes.First, RejectedQuestion.All, 4)));
        RejectedFigures figures = await nodes.First.Store.Rejections.ReadFiguresAsync(Stop);
        Assert.Equal((specs.Length, 0, model.Kept[0].ReceivedUnixNanoseconds), (figures.Records, figures.DroppedRecords, figures.OldestUnixNanoseconds));
    }

    [Fact]
    public async Task Dry_runs_and_duplicates_leave_no_rejected_record()
    {
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
        await store.WriteAsync(1);
        await store.WriteAsync(1, 2, 2);
        await store.Ledger.WriteAsync(RejectedSpec.Request(store, [new(RejectedSpec.UuidOf(3))], dryRun: true));
        Assert.Empty(await SearchAsync(store, RejectedQuestion.All, 10));
        Assert.Equal(0, (await store.Store.Rejections.ReadFiguresAsync(Stop)).Records);

        // The control: the same record, sent in earnest.
        await store.Ledger.WriteAsync(RejectedSpec.Request(store, [new(RejectedSpec.UuidOf(3))]));
        Assert.Single(await SearchAsync(store, RejectedQuestion.All, 10));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Rejected_records_are_found_as_the_model_finds_them(int seed)
    {
        var random = new Random(seed);
        await using Nodes nodes = await OpenAsync(Nodes, new StoreShape { Seed = seed });
        var model = new RejectionsModel();
        for (int step = 0; step < 40; step++)
        {
            nodes.Time.Advance(TimeSpan.FromMinutes(random.Next(1, 30)));
            StoreUnderTest store = nodes[random.Next(nodes.Count)];
            if (random.Next(10) == 0)
                await store.RestartAsync();
            RejectedSpec[] specs = [.. Enumerable.Range(0, random.Next(1, 26)).Select(_ => RandomSpec(random))];
            await RejectAsync(
                store, model, specs, random.Next(1, 4), $"target-{random.Next(3)}", random.Next(2) == 0 ? UsageKind.Image : UsageKind.ProductInstance,
                dryRun: random.Next(5) == 0);
        }

        long first = model.Kept[0].ReceivedUnixNanoseconds, last = model.Kept[^1].ReceivedUnixNanoseconds;
        for (int asked = 0; asked < 40; asked++)
        {
            RejectedQuestion question = RandomQuestion(random, first, last);
            List<RejectedRecord> found = await SearchAsync(nodes[random.Next(nodes.Count)], question, random.Next(1, 60));
            Assert.Equal(found.Select(record => record.ReceivedUnixNanoseconds), found.Select(record => record.ReceivedUnixNanoseconds).OrderDescending());
            Assert.Equal(RejectionsModel.Sorted(model.Kept.Where(record => NaivelyAsks(question, record))), RejectionsModel.Sorted(found));
        }

        string[] uuids = [.. Enumerable.Range(1, 12).Select(id => RejectedSpec.UuidOf(id).ToUpperInvariant()), "no uuid 1", "no uuid 99"];
        IReadOnlyDictionary<string, IReadOnlyList<RejectedRecord>> byUuid = await nodes.First.Store.Rejections.FindAsync(uuids, Stop);
        foreach (string uuid in uuids)
        {
            List<RejectedRecord> expected = [.. model.Kept.Where(record => record.Uuid.Equals(uuid, StringComparison.OrdinalIgnoreCase))];
            IReadOnlyList<RejectedRecord> found = byUuid.GetValueOrDefault(RejectedText.KeyOf(uuid), []);
            Assert.Equal(Math.Min(expected.Count, Limits.RejectionsPerUuid), found.Count);
            Assert.Subset(expected.ToHashSet(), found.ToHashSet());
            Assert.All(
                expected.OrderByDescending(record => record.ReceivedUnixNanoseconds).Take(found.Count).Zip(found),
                pair => Assert.Equal(pair.First.ReceivedUnixNanoseconds, pair.Second.ReceivedUnixNanoseconds));
        }
    }

    [Fact]
    public async Task Pages_of_rejected_records_stay_what_they_are_while_more_come()
    {
        await using Nodes nodes = await OpenAsync();
        var model = new RejectionsModel();
        for (int request = 0; request < 6; request++)
            await RejectAsync(nodes.First, model, [.. Enumerable.Range(request * 5, 5).Select(id => new RejectedSpec(RejectedSpec.UuidOf(id + 1)))]);
        List<RejectedRecord> expected = RejectionsModel.Sorted(model.Kept);
        var found = new List<RejectedRecord>();
        ReadOnlyMemory<byte>? place = ReadOnlyMemory<byte>.Empty;
        for (int pages = 0; place is { } after; pages++)
        {
            Assert.InRange(pages, 0, 100);
            RejectedPage page = await nodes.First.Store.Rejections.SearchAsync(RejectedQuestion.All, after, 7, Stop);
            found.AddRange(page.Records);
            place = page.Next;
            await RejectAsync(nodes.First, model, [new(RejectedSpec.UuidOf(100 + found.Count))]);
        }

        Assert.Equal(expected, RejectionsModel.Sorted(found));
    }

    [Fact]
    public async Task A_place_among_rejected_records_that_was_never_given_is_refused()
    {
        await using Nodes nodes = await OpenAsync();
        await Assert.ThrowsAsync<UnknownCursorException>(
            () => nodes.First.Store.Rejections.SearchAsync(RejectedQuestion.All, new byte[] { 1, 2, 3 }, 10, Stop));
    }

    [Fact]
    public async Task Rejected_records_that_are_too_old_are_dropped_and_counted()
    {
        await using Nodes nodes = await OpenAsync(shape: new StoreShape { Rejections = new RejectedKeeping(TimeSpan.FromHours(2), 1 << 20) });
        var model = new RejectionsModel();
        for (int hour = 0; hour < 5; hour++)
        {
            await RejectAsync(nodes.First, model, [.. Enumerable.Range(1, 4).Select(id => new RejectedSpec(RejectedSpec.UuidOf(id)))]);
            nodes.Time.Advance(TimeSpan.FromHours(1));
        }

        await DropAllAsync(nodes);
        await nodes.RestartAsync();
        long before = MeteringClock.ToUnixNanoseconds(nodes.Time.GetUtcNow() - TimeSpan.FromHours(2));
        List<RejectedRecord> young = [.. model.Kept.Where(record => record.ReceivedUnixNanoseconds >= before)];
        Assert.Equal(RejectionsModel.Sorted(young), RejectionsModel.Sorted(await SearchAsync(nodes.First, RejectedQuestion.All, 100)));
        RejectedFigures figures = await nodes.First.Store.Rejections.ReadFiguresAsync(Stop);
        Assert.Equal((young.Count, model.Kept.Count - young.Count), (figures.Records, figures.DroppedRecords));
        Assert.InRange(figures.DroppedRecords, 1, model.Kept.Count - 1);
    }

    [Fact]
    public async Task Too_many_rejected_records_drop_the_oldest_and_count_them()
    {
        const int Maximum = 20_000;
        await using Nodes nodes = await OpenAsync(shape: new StoreShape { Rejections = new RejectedKeeping(TimeSpan.FromDays(1), Maximum) });
        var model = new RejectionsModel();
        for (int request = 0; request < 60; request++)
        {
            await RejectAsync(
                nodes.First, model,
                [.. Enumerable.Range(request * 25, 25).Select(id => new RejectedSpec(RejectedSpec.UuidOf(id + 1)) { Sku = $"a-sku-with-a-name-of-its-own-{id}" })]);
        }

        await DropAllAsync(nodes);
        List<RejectedRecord> found = await SearchAsync(nodes.First, RejectedQuestion.All, 100);
        RejectedFigures figures = await nodes.First.Store.Rejections.ReadFiguresAsync(Stop);
        Assert.InRange(figures.Bytes, 1, Maximum);
        Assert.InRange(found.Count, 1, model.Kept.Count - 1);
        Assert.Equal((found.Count, model.Kept.Count), (figures.Records, figures.Records + figures.DroppedRecords));

        // What is left came last; of the request that is dropped in part, which of its records is any store's own choice.
        long oldest = found[^1].ReceivedUnixNanoseconds;
        Assert.Equal(
            RejectionsModel.Sorted(model.Kept.Where(record => record.ReceivedUnixNanoseconds > oldest)),
            RejectionsModel.Sorted(found.Where(record => record.ReceivedUnixNanoseconds > oldest)));
        Assert.Subset(model.Kept.ToHashSet(), found.ToHashSet());
    }

    [Fact]
    public async Task Duplicates_that_differ_are_kept_once_they_were_compared()
    {
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
        await store.WriteAsync(1);
        RejectedSpec spec = new(RejectedSpec.UuidOf(1)) { Reason = Verdict.Accepted, Sku = "sku", SkuKey = TestLedger.Sku, Quantity = 2 };
        UsageWrite write = RejectedSpec.Request(store, [spec]);
        Assert.Equal([Verdict.Duplicate], await store.VerdictsAsync(write));
        const RecordDifferences Differences = RecordDifferences.Quantity | RecordDifferences.Timestamp;
        await store.Store.Rejections.KeepAsync([RejectedRecord.Of(write, 0, Differences)]);
        await store.Store.Rejections.KeepAsync([]);
        await nodes.RestartAsync();
        RejectedRecord kept = Assert.Single(await SearchAsync(nodes.First, new RejectedQuestion { Reason = Verdict.Duplicate }, 10));
        Assert.Equal((spec.Uuid, Verdict.Duplicate, Differences, 2), (kept.Uuid, kept.Reason, kept.Differences, kept.Quantity));
        Assert.Equal([kept], (await nodes.First.Store.Rejections.FindAsync([spec.Uuid], Stop))[spec.Uuid]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Sums_of_rejected_records_are_the_models(int seed)
    {
        var random = new Random(seed);
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
        var model = new RejectionsModel();
        var accepted = new HashSet<string>();
        for (int step = 0; step < 30; step++)
        {
            RejectedSpec[] specs = [.. Enumerable.Range(0, random.Next(1, 26)).Select(_ => RandomSpec(random))];
            UsageWrite write = await RejectAsync(store, model, specs);
            for (int place = 0; place < specs.Length; place++)
            {
                if (write.Records[place].Verdict == Verdict.Accepted)
                    accepted.Add(specs[place].Uuid);
            }
        }

        // In words of one syllable: the last rejection of each uuid, unless it was accepted.
        RejectedSummary whole = await RejectedSummary.MakeAsync(store.Store.Rejections, store.Store.Records, RejectedQuestion.All, 100_000, Stop);
        Assert.Null(whole.ReachesBackTo);
        List<RejectedRecord> newest = await SearchAsync(store, RejectedQuestion.All, 1_000);
        List<RejectedRecord> last = [.. newest.GroupBy(record => record.Uuid).Select(uuid => uuid.First())];
        foreach (var group in model.Kept.GroupBy(record => (record.SkuId, record.Reason)))
        {
            RejectedSum sum = whole.Sums[group.Key];
            List<RejectedRecord> ofGroup = [.. last.Where(record => (record.SkuId, record.Reason) == group.Key)];
            Assert.Equal(
                (group.LongCount(), ofGroup.Count, ofGroup.Count(record => accepted.Contains(record.Uuid)),
                    ofGroup.Where(record => !accepted.Contains(record.Uuid)).Aggregate(Int128.Zero, (risk, record) => risk + record.Quantity)),
                (sum.Records, sum.Uuids, sum.AcceptedUuids, sum.QuantityAtRisk));
        }

        Assert.Equal(model.Kept.GroupBy(record => (record.SkuId, record.Reason)).Count(), whole.Sums.Count);
        RejectedSummary some = await RejectedSummary.MakeAsync(store.Store.Rejections, store.Store.Records, RejectedQuestion.All, 10, Stop);
        Assert.Equal((10, newest[9].ReceivedUnixNanoseconds), (some.Sums.Values.Sum(sum => sum.Records), some.ReachesBackTo));
    }

    [Fact]
    public async Task Who_had_rejected_records_judged_anew_and_why_is_kept()
    {
        await using Nodes nodes = await OpenAsync();
        RejectedReplay first = new(new Guid(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), 1_000, "ann", "the SKU was missing since Monday", true);
        RejectedReplay second = new(new Guid(2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), 2_000, "", "", false);
        await nodes.First.Store.Rejections.NoteReplayAsync(first);
        await nodes.First.Store.Rejections.NoteReplayAsync(second);
        await nodes.RestartAsync();
        Assert.Equal([second, first], await nodes.First.Store.Rejections.ReadReplaysAsync(Stop));
    }

    private static async Task<UsageWrite> RejectAsync(
        StoreUnderTest store, RejectionsModel model, IReadOnlyList<RejectedSpec> specs, int owner = TestLedger.Owner, string target = Target,
        UsageKind kind = UsageKind.ProductInstance, bool dryRun = false)
    {
        store.Time.Advance(TimeSpan.FromSeconds(1));
        UsageWrite write = RejectedSpec.Request(store, specs, owner, target, kind, dryRun);
        Assert.Equal(LedgerAnswer.Committed, await store.Ledger.WriteAsync(write));
        model.Add(write, specs, target);
        return write;
    }

    private static async Task<List<RejectedRecord>> SearchAsync(StoreUnderTest store, RejectedQuestion question, int pageRecords)
    {
        var found = new List<RejectedRecord>();
        ReadOnlyMemory<byte>? place = ReadOnlyMemory<byte>.Empty;
        for (int pages = 0; place is { } after; pages++)
        {
            Assert.InRange(pages, 0, 10_000); // a place that leads back would lead on for ever
            RejectedPage page = await store.Store.Rejections.SearchAsync(question, after, pageRecords, Stop);
            Assert.InRange(page.Records.Count, 0, pageRecords);
            found.AddRange(page.Records);
            place = page.Next;
        }

        return found;
    }

    private static async Task DropAllAsync(Nodes nodes)
    {
        while (await nodes[nodes.Count - 1].Store.Rejections.DropAsync(MeteringClock.ToUnixNanoseconds(nodes.Time.GetUtcNow()), Stop))
        {
        }
    }

    private static RejectedSpec RandomSpec(Random random) => new(
        random.Next(6) == 0 ? $"no uuid {random.Next(3)}" : RejectedSpec.UuidOf(random.Next(1, 40)), (Verdict)(random.Next(4) == 0 ? 0 : random.Next(1, 8)))
    {
        Sku = $"sku-{random.Next(4)}",
        SkuKey = TestLedger.Sku,
        Quantity = random.Next(1, 100),
    };

    private static RejectedQuestion RandomQuestion(Random random, long first, long last)
    {
        long Moment() => first + (long)((last - first) * random.NextDouble());
        HashSet<int> Owners() => [.. Enumerable.Range(1, 3).Where(_ => random.Next(2) == 0)];
        return new RejectedQuestion
        {
            Reason = random.Next(3) == 0 ? (Verdict)random.Next(1, 8) : null,
            SkuId = random.Next(3) == 0 ? $"sku-{random.Next(5)}" : null,
            OwnerKeys = random.Next(3) == 0 ? Owners() : null,
            Scope = random.Next(2) == 0 ? null : new RejectedScope(Owners(), random.Next(2) == 0 ? null : new HashSet<string> { "target-1" }),
            FromUnixNanoseconds = random.Next(2) == 0 ? long.MinValue : Moment(),
            ToUnixNanoseconds = random.Next(2) == 0 ? long.MaxValue : Moment(),
        };
    }

    // Said once more, in other words than the store's.
    private static bool NaivelyAsks(RejectedQuestion question, RejectedRecord record)
    {
        if (question.Reason != null && question.Reason != record.Reason)
            return false;
        if (question.SkuId != null && question.SkuId != record.SkuId)
            return false;
        if (question.OwnerKeys != null && !question.OwnerKeys.Contains(record.OwnerKey))
            return false;
        if (record.ReceivedUnixNanoseconds < question.FromUnixNanoseconds || question.ToUnixNanoseconds <= record.ReceivedUnixNanoseconds)
            return false;
        bool isImageInScope = record.Kind == UsageKind.Image && question.Scope?.ImageProducts?.Contains(record.Target) == true;
        return question.Scope == null || isImageInScope || question.Scope.OwnerKeys.Contains(record.OwnerKey);
    }
}
