using System.Text.Json.Nodes;
using Metering.Server.Tests;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>
/// Random histories and random questions over the wire, on both stores, on several nodes where a store has them: every answer
/// is the naive one, at every page size, with restarts in between. METERING_SEED runs one seed alone.
/// </summary>
public sealed class ReadingModelTests
{
    private const int Steps = 16;
    private const int QuestionsPerStep = 6;

    private static readonly string?[] Callers = [null, HistoryPlan.Acme, HistoryPlan.Rival, HistoryPlan.Buyer];
    private static readonly string[] Zones = ["UTC", "Europe/Moscow", "America/New_York", "Asia/Tokyo"];
    private static readonly string[] Windows = ["ALL", "HOUR", "DAY", "MONTH"];
    private static readonly string[] Dimensions = ["PRODUCT", "PRODUCT_INSTANCE", "BILLING_ACCOUNT", "SKU"];
    private static readonly string[] Reasons = ["INVALID_ID", "INVALID_SKU_ID", "INVALID_PRODUCT_ID", "EXPIRED", "INVALID_QUANTITY"];

    private static readonly ReadQuery[] Live =
    [
        ReadQuery.Totals, ReadQuery.Totals, ReadQuery.Records, ReadQuery.Feed, ReadQuery.Watch, ReadQuery.Export, ReadQuery.LookUp, ReadQuery.Rejected,
        ReadQuery.AtRisk, ReadQuery.Corrections,
    ];

    public static TheoryData<string, int> Runs => Environment.GetEnvironmentVariable("METERING_SEED") is { } seed
        ? new() { { ServedStore.Embedded, int.Parse(seed) }, { ServedStore.Postgres, int.Parse(seed) } }
        : new() { { ServedStore.Embedded, 1 }, { ServedStore.Embedded, 2 }, { ServedStore.Postgres, 3 } };

    [Theory]
    [MemberData(nameof(Runs))]
    public async Task Every_answer_is_the_naive_one(string store, int seed)
    {
        var random = new Random(seed);
        var plan = new HistoryPlan(seed);
        await using ServedHistory history = await ServedHistory.StartAsync(store, nodes: 2);
        var naive = new NaiveAnswers(history);
        await history.SendAsync(plan.Next(requests: 3));
        for (int step = 0; step < Steps; step++)
        {
            await history.SendAsync(plan.Next(random.Next(4)));
            (WrittenRecord record, long quantity) = plan.NextCorrection();
            await history.CorrectAsync(record, quantity, step);
            if (step % 8 == 7)
                await history.RestartAsync();
            for (int question = 0; question < QuestionsPerStep; question++)
                await AskAsync(Live[random.Next(Live.Length)], history, naive, random, $"seed {seed}, step {step}");
        }

        history.ClosePeriod();
        for (int question = 0; question < 20; question++)
            await AskAsync(ReadQuery.Statement, history, naive, random, $"seed {seed}, at the end");
        Assert.Contains(naive.Usage([], null), line => Int128.TryParse(line.Split(' ')[^2], out Int128 sum) && sum > ulong.MaxValue); // such sums were among them
    }

    private static async Task AskAsync(ReadQuery query, ServedHistory history, NaiveAnswers naive, Random random, string where)
    {
        string? caller = Callers[random.Next(Callers.Length)];
        JsonObject question = query == ReadQuery.Totals ? Totals(history, random)
            : query == ReadQuery.Statement ? Statement(history, random)
            : query == ReadQuery.LookUp ? LookUp(history, random)
            : new JsonObject { ["filter"] = Filter(query, history, random) };
        IEnumerable<string> expected = query.Expected(naive, question, caller);
        if (query != ReadQuery.AtRisk && query != ReadQuery.LookUp && query != ReadQuery.Statement && query != ReadQuery.Export)
            question["pageSize"] = random.Next(3) == 0 ? 0 : random.Next(1, 40);
        IEnumerable<string> lines = await query.LinesAsync(history, question, caller, random.Next(history.Nodes));

        // Rejected records are listed newest first, those of one request in any order; the records of several writers too.
        bool isSorted = query == ReadQuery.Rejected || query == ReadQuery.AtRisk || (!history.IsOrderOne && query.Lines == ReadQuery.Records.Lines);
        if (isSorted)
            (expected, lines) = (expected.Order(StringComparer.Ordinal), lines.Order(StringComparer.Ordinal));
        where = $"{where}: {query} of {caller}, {question.ToJsonString()}\n";
        Assert.Equal(where + string.Join('\n', expected), where + string.Join('\n', lines));
    }

    private static JsonObject Totals(ServedHistory history, Random random)
    {
        JsonObject question = Ids(history, random, ReadQuery.Totals.Ids);
        question["window"] = Windows[random.Next(Windows.Length)];
        question["timeZone"] = Zones[random.Next(Zones.Length)];
        question["groupBy"] = new JsonArray([.. Dimensions.Where(_ => random.Next(2) == 0).Select(one => JsonValue.Create(one))]);
        if (random.Next(2) == 0)
            question["from"] = WrittenRecord.Moment(Hour(Moment(history, random)));
        if (random.Next(2) == 0)
            question["to"] = WrittenRecord.Moment(Later(question, Hour(Moment(history, random)).AddHours(1)));
        return question;
    }

    private static JsonObject Statement(ServedHistory history, Random random)
    {
        string[] owners = [.. history.Accepted.Select(record => record.BillingAccount).Concat(history.Accepted.Select(record => record.Instance)).Where(id => id.Length > 0).Distinct()];
        var question = new JsonObject { ["ownerId"] = owners[random.Next(owners.Length)], ["from"] = WrittenRecord.Moment(Moment(history, random)) };
        question["to"] = WrittenRecord.Moment(Later(question, Moment(history, random)).AddTicks(1));
        return question;
    }

    private static JsonObject LookUp(ServedHistory history, Random random) => new()
    {
        ["uuids"] = new JsonArray(
        [
            .. Enumerable.Range(0, 10).Select(_ => history.Accepted[random.Next(history.Accepted.Count)].Uuid)
                .Concat(history.Rejected.Select(one => one.Record.Uuid).Where(_ => random.Next(5) == 0).Distinct()).Append($"never-seen-{random.Next()}")
                .Select(uuid => JsonValue.Create(uuid)),
        ]),
    };

    private static JsonObject Filter(ReadQuery query, ServedHistory history, Random random)
    {
        bool isOfRejected = query == ReadQuery.Rejected || query == ReadQuery.AtRisk;
        JsonObject filter = Ids(history, random, isOfRejected ? [.. query.Ids, "skuId"] : query.Ids);
        if (isOfRejected && random.Next(2) == 0)
            filter["reason"] = Reasons[random.Next(Reasons.Length)];
        DateTimeOffset Some() => isOfRejected ? history.Accepted[random.Next(history.Accepted.Count)].Accepted : Moment(history, random);
        if (random.Next(2) == 0)
            filter["from"] = WrittenRecord.Moment(Some());
        if (random.Next(2) == 0)
            filter["to"] = WrittenRecord.Moment(Later(filter, Some()));
        return filter;
    }

    // Of some record: ids that belong together, so that questions by several of them have answers too.
    private static JsonObject Ids(ServedHistory history, Random random, string[] fields)
    {
        WrittenRecord record = history.Accepted[random.Next(history.Accepted.Count)];
        var ids = new JsonObject();
        foreach (string field in fields.Where(_ => random.Next(4) == 0))
        {
            string id = field switch
            {
                "productId" => record.Product, "productInstanceId" => record.Instance, "billingAccountId" => record.BillingAccount, _ => record.Sku,
            };
            if (id.Length > 0)
                ids[field] = random.Next(10) == 0 ? "unknown" : id;
        }

        return ids;
    }

    private static DateTimeOffset Moment(ServedHistory history, Random random) => history.Accepted[random.Next(history.Accepted.Count)].Timestamp;

    private static DateTimeOffset Hour(DateTimeOffset moment) => moment.AddTicks(-(moment.Ticks % TimeSpan.TicksPerHour));

    // Not before the question's beginning.
    private static DateTimeOffset Later(JsonObject question, DateTimeOffset moment) =>
        question["from"] is { } from && DateTimeOffset.Parse((string)from!) is var start && start > moment ? start : moment;
}
