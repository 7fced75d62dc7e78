using System.Buffers.Binary;
using Metering.Ledger;
using Bounds = Metering.Ledger.Limits;

namespace Metering.Server.Tests;

/// <summary>Each step of a reading does bounded work and leads to the place where the next one goes on.</summary>
public class RecordWalkTests
{
    private const long Hour = HourRange.NanosecondsPerHour;
    private const int Owner = 3;
    private const int Sku = 4;
    private const int OtherSku = 5;

    private static readonly StoredObject[] Objects =
    [
        new(1, new Publisher("acme", "Acme"), false),
        new(2, new Product("gateway", "Gateway", "acme", ProductKind.Image, Active: true), false),
        new(Owner, new Customer("buyer", "Buyer", Suspended: false), false),
        new(Sku, new Sku("cores", "Cores", "gateway", "core*hour", Active: true), false),
        new(OtherSku, new Sku("traffic", "Traffic", "gateway", new string('g', Bounds.UnitCharacters), Active: true), false),
    ];

    [Fact]
    public async Task A_step_looks_at_no_more_records_than_allowed_and_the_next_goes_on_there()
    {
        var records = new RecordsInMemory([.. Enumerable.Range(0, (2 * Bounds.RecordsLookedAt) + 5).Select(place => Record(place, place == 150_000 ? OtherSku : Sku))]);
        RecordWalk walk = Walk(records, RecordQuestion.Everything with { SkuId = "traffic" });
        WalkStep first = await walk.StepAsync(LedgerCursor.Start, 10, Stop);
        Assert.Equal((0, false), (first.Records.Count, first.IsEnd));
        Assert.InRange(records.Given, Bounds.RecordsLookedAt, Bounds.RecordsLookedAt + RecordWalk.ChunkRecords);
        WalkStep second = await walk.StepAsync(first.Next, 10, Stop);
        Assert.Equal((UInt128)150_001, Assert.Single(second.Records).Record.Uuid);
        Assert.True((await walk.StepAsync(second.Next, 10, Stop)).IsEnd);
    }

    [Fact]
    public async Task An_answer_ends_before_it_is_too_large_and_the_next_begins_there()
    {
        var records = new RecordsInMemory([.. Enumerable.Range(0, Bounds.PageRecords).Select(place => Record(place, OtherSku))]);
        foreach (RecordQuestion question in new[] { RecordQuestion.Everything, RecordQuestion.Everything with { SkuId = "traffic" } })
        {
            RecordWalk walk = Walk(records, question);
            WalkStep step = await walk.StepAsync(LedgerCursor.Start, Bounds.PageRecords, Stop);
            Assert.InRange(step.Records.Count, 1_000, Bounds.PageRecords - 1);
            WalkStep next = await walk.StepAsync(step.Next, 1, Stop);
            Assert.Equal((UInt128)step.Records.Count + 1, Assert.Single(next.Records).Record.Uuid);
        }
    }

    [Fact]
    public async Task A_range_of_time_is_sought_and_left_and_nothing_of_it_is_missed()
    {
        long reach = Bounds.AcceptanceWindowMaximum.Ticks * 100;
        CountedRecord[] all = [.. Enumerable.Range(0, 40_000).Select(place => Record(place, Sku) with { AcceptedUnixNanoseconds = place * Hour, TimestampUnixNanoseconds = place % 9 == 0 ? Math.Max(0, (place * Hour) - reach) : place * Hour })];
        var question = RecordQuestion.Everything with { From = 12_000 * Hour, To = 12_100 * Hour };
        UInt128[] expected = [.. all.Where(record => record.TimestampUnixNanoseconds >= question.From && record.TimestampUnixNanoseconds < question.To).Select(record => record.Uuid)];
        foreach (bool isClockSetBack in new[] { false, true })
        {
            var records = new RecordsInMemory(all) { IsClockSetBack = isClockSetBack };
            RecordWalk walk = Walk(records, question);
            var found = new List<UInt128>();
            WalkStep step;
            LedgerCursor place = await walk.BeginAsync(LedgerCursor.Start, Stop);
            do
            {
                step = await walk.StepAsync(place, 7, Stop);
                found.AddRange(step.Records.Select(seen => seen.Record.Uuid));
                place = step.Next;
            }
            while (!step.IsEnd);

            Assert.Equal(expected, found);
            int first = 12_000 - (int)(reach / Hour), last = 12_100 + (int)(reach / Hour);
            Assert.InRange(records.Lowest, first - 1, first);
            Assert.InRange(records.Highest, last, isClockSetBack ? all.Length : last + RecordWalk.ChunkRecords + 1);
            Assert.Equal(isClockSetBack, records.Highest == all.Length); // the control: only then all of the rest is looked at
        }
    }

    [Fact]
    public async Task A_record_that_the_catalog_does_not_know_yet_is_no_reason_to_pass_it_over()
    {
        var catalog = new CatalogHolder { Current = new CatalogSnapshot(new StoredCatalog(1, Objects[..^1])) };
        var walk = new RecordWalk(
            new RecordsInMemory([Record(0, OtherSku)]), new RecordView(new ReadScope("acme", null), RecordQuestion.Everything, catalog));
        for (int attempt = 0; attempt < 2; attempt++)
            Assert.True((await Assert.ThrowsAsync<StoreException>(() => walk.StepAsync(LedgerCursor.Start, 10, Stop))).IsOutage);
        catalog.Current = new CatalogSnapshot(new StoredCatalog(2, Objects));
        Assert.Equal("traffic", Assert.Single((await walk.StepAsync(LedgerCursor.Start, 10, Stop)).Records).Series.SkuId);
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static RecordWalk Walk(IRecordReader records, RecordQuestion question) => new(
        records, new RecordView(ReadScope.Everything, question, new CatalogHolder { Current = new CatalogSnapshot(new StoredCatalog(1, Objects)) }));

    private static CountedRecord Record(int place, int sku) => new((UInt128)place + 1, Owner, sku, 1, place * Hour, place * Hour, 9, Guid.Empty);

    /// <summary>Records in a list; a place is how many come before.</summary>
    private sealed class RecordsInMemory(CountedRecord[] records) : IRecordReader
    {
        public int Given { get; private set; }

        public int Lowest { get; private set; } = int.MaxValue;

        public int Highest { get; private set; }

        public bool IsClockSetBack { get; init; }

        public Task<RecordPage> ReadAsync(LedgerCursor after, int recordsMaximum, CancellationToken cancellationToken)
        {
            int place = after.IsStart ? 0 : BinaryPrimitives.ReadInt32BigEndian(after.Bytes.Span);
            int count = Math.Min(recordsMaximum, records.Length - place);
            Given += count;
            (Lowest, Highest) = (Math.Min(Lowest, place), Math.Max(Highest, place + count));
            return Task.FromResult(new RecordPage(new ArraySegment<CountedRecord>(records, place, count), CursorOf(place + count), place + count == records.Length));
        }

        public Task WaitAsync(LedgerCursor after, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<LedgerCursor> EndAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<LedgerCursor> SeekAsync(long acceptedUnixNanoseconds, CancellationToken cancellationToken)
        {
            int place = Array.FindIndex(records, record => record.AcceptedUnixNanoseconds >= acceptedUnixNanoseconds);
            return Task.FromResult(CursorOf(place < 0 ? records.Length : place));
        }

        public Task<bool> IsClockSetBackAfterAsync(LedgerCursor place, CancellationToken cancellationToken) => Task.FromResult(IsClockSetBack);

        public Task<IReadOnlyDictionary<UInt128, CountedRecord>> FindAsync(IReadOnlyCollection<UInt128> uuids, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        private static LedgerCursor CursorOf(int place)
        {
            byte[] bytes = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(bytes, place);
            return new LedgerCursor(bytes);
        }
    }
}
