namespace Metering.Ledger.TestKit;

/// <content>Corrections: entries beside the records, in steps, each order once.</content>
public abstract partial class StoreContract
{
    [Fact]
    public async Task A_correction_is_kept_beside_the_record_and_never_edits_it()
    {
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
        await store.WriteAsync(new RecordSpec(1, Quantity: 100, AgeSeconds: 60));
        CountedRecord record = Assert.Single(await store.RecordsAsync());
        List<HourTotal> totals = await store.TotalsAsync();

        CorrectionOrder order = Order(record, 40);
        CorrectionAnswer answer = await store.Store.Corrections.AddAsync(order, Stop);
        var expected = new Correction(
            order.Id, record.Uuid, 1, record.OwnerKey, record.SkuKey, record.TimestampUnixNanoseconds, -60, order.Reason, order.Author,
            order.CreatedUnixNanoseconds);
        Assert.Equal(new CorrectionAnswer(CorrectionOutcome.Added, expected), answer);

        await store.RestartAsync();
        Assert.Equal([expected], await store.Store.Corrections.FindAsync([record.Uuid, new RecordSpec(2).Uuid], Stop));
        Assert.Equal([expected], await store.Store.Corrections.ReadAsync(CorrectionRange.All, Stop).ToListAsync(Stop));
        Assert.Equal(record, Assert.Single(await store.RecordsAsync()));
        Assert.Equal(totals, await store.TotalsAsync());
        await store.AssertSoundAsync();
    }

    [Fact]
    public async Task A_correction_of_a_correction_is_the_next_step_and_says_only_the_difference()
    {
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
        await store.WriteAsync(new RecordSpec(1, Quantity: long.MaxValue));
        CountedRecord record = Assert.Single(await store.RecordsAsync());
        foreach ((long wanted, long difference, int step) in new[] { (0L, -long.MaxValue, 1), (long.MaxValue, long.MaxValue, 2), (7L, 7 - long.MaxValue, 3) })
        {
            CorrectionAnswer answer = await store.Store.Corrections.AddAsync(Order(record, wanted), Stop);
            Assert.Equal((CorrectionOutcome.Added, difference, step), (answer.Outcome, answer.Correction!.Quantity, answer.Correction.Step));
        }

        Assert.Equal(new CorrectionAnswer(CorrectionOutcome.NothingToCorrect, null), await store.Store.Corrections.AddAsync(Order(record, 7), Stop));
        Assert.Equal([1, 2, 3], (await store.Store.Corrections.FindAsync([record.Uuid], Stop)).Select(correction => correction.Step));
    }

    [Fact]
    public async Task An_order_that_comes_twice_is_carried_out_once_and_its_number_means_no_other()
    {
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
        await store.WriteAsync(new RecordSpec(1, Quantity: 100));
        CountedRecord record = Assert.Single(await store.RecordsAsync());
        CorrectionOrder order = Order(record, 40);
        Correction first = (await store.Store.Corrections.AddAsync(order, Stop)).Correction!;
        await store.Store.Corrections.AddAsync(Order(record, 50), Stop);
        await store.RestartAsync();

        ICorrections corrections = store.Store.Corrections;
        Assert.Equal(
            new CorrectionAnswer(CorrectionOutcome.Repeated, first),
            await corrections.AddAsync(order with { CreatedUnixNanoseconds = order.CreatedUnixNanoseconds + 1 }, Stop));
        Assert.Equal(CorrectionOutcome.IdTaken, (await corrections.AddAsync(order with { Quantity = 41 }, Stop)).Outcome);
        Assert.Equal(CorrectionOutcome.IdTaken, (await corrections.AddAsync(order with { Reason = "another" }, Stop)).Outcome);
        Assert.Equal(2, (await corrections.FindAsync([record.Uuid], Stop)).Count);
    }

    [Fact]
    public async Task Orders_for_one_record_that_come_at_once_leave_it_as_the_last_of_them_said()
    {
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
        await store.WriteAsync(new RecordSpec(1, Quantity: 1_000));
        CountedRecord record = Assert.Single(await store.RecordsAsync());
        CorrectionAnswer[] answers = await Task.WhenAll(
            Enumerable.Range(0, 4).Select(number => Task.Run(() => store.Store.Corrections.AddAsync(Order(record, 10 + number), Stop))));
        Assert.All(answers, answer => Assert.Equal(CorrectionOutcome.Added, answer.Outcome));
        IReadOnlyList<Correction> steps = await store.Store.Corrections.FindAsync([record.Uuid], Stop);
        Assert.Equal([1, 2, 3, 4], steps.Select(correction => correction.Step));
        Assert.InRange(record.Quantity + steps.Sum(correction => correction.Quantity), 10, 13);
    }

    [Fact]
    public async Task Corrections_are_read_by_the_time_of_their_records_from_any_place_on()
    {
        await using Nodes nodes = await OpenAsync();
        StoreUnderTest store = nodes.First;
        for (int age = 0; age < 4; age++)
            await store.WriteAsync([.. Enumerable.Range(1, 3).Select(number => new RecordSpec((age * 10) + number, Quantity: 5, AgeSeconds: age * 100))]);
        List<CountedRecord> records = await store.RecordsAsync();
        foreach (CountedRecord record in records)
        {
            await store.Store.Corrections.AddAsync(Order(record, 4), Stop);
            await store.Store.Corrections.AddAsync(Order(record, 6), Stop);
        }

        var expected = records.SelectMany(record => new[] { (record.TimestampUnixNanoseconds, record.Uuid, Step: 1), (record.TimestampUnixNanoseconds, record.Uuid, Step: 2) })
            .Order().ToList();
        List<(long, UInt128, int)> all = await PlacesAsync(CorrectionRange.All);
        Assert.Equal(expected, all);
        long from = records.Min(record => record.TimestampUnixNanoseconds) + 1;
        long to = records.Max(record => record.TimestampUnixNanoseconds);
        Assert.Equal(expected.Where(place => place.Item1 >= from && place.Item1 < to), await PlacesAsync(new CorrectionRange(from, to)));
        for (int read = 0; read < expected.Count; read += 5)
        {
            var after = new CorrectionPlace(expected[read].Item1, expected[read].Item2, expected[read].Step);
            Assert.Equal(expected.Skip(read + 1), await PlacesAsync(CorrectionRange.All with { After = after }));
        }

        async Task<List<(long, UInt128, int)>> PlacesAsync(CorrectionRange range) =>
            [.. (await store.Store.Corrections.ReadAsync(range, Stop).ToListAsync(Stop)).Select(correction =>
                (correction.TimestampUnixNanoseconds, correction.RecordUuid, correction.Step))];
    }

    private static CorrectionOrder Order(CountedRecord record, long quantity) =>
        new(Guid.NewGuid(), record, quantity, "counted in bytes, not in kilobytes", "finance@example.com", record.AcceptedUnixNanoseconds + 5);
}
