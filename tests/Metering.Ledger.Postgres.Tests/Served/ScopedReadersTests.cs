using System.Text.Json.Nodes;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>Who sees what, over the wire and on both stores: each its own, and of everything else not even that it exists.</summary>
public sealed class ScopedReadersTests
{
    private const int Requests = 60;

    // What is foreign to a caller, by field. Of the others' billing accounts, one to which nothing of its own was booked.
    private static readonly Dictionary<string, (string Field, string Id)[]> Foreign = new()
    {
        [HistoryPlan.Acme] =
        [
            ("productId", "rival-app"), ("productInstanceId", "rival-instance"), ("ownerId", "rival-instance"), ("skuId", "rival-sku"),
            ("billingAccountId", HistoryPlan.RivalsBuyer), ("ownerId", HistoryPlan.RivalsBuyer), ("serviceAccountId", HistoryPlan.Rival),
        ],
        [HistoryPlan.Rival] =
        [
            ("productId", "acme-database"), ("productInstanceId", "acme-database-first"), ("ownerId", "acme-database-first"), ("skuId", "acme-database-storage"),
            ("billingAccountId", "dn2second0customer"), ("ownerId", "dn2second0customer"), ("serviceAccountId", HistoryPlan.Acme),
        ],
        [HistoryPlan.Buyer] =
        [
            ("productInstanceId", "acme-database-second"), ("ownerId", "acme-database-second"), ("skuId", "acme-database-requests"),
            ("billingAccountId", "dn2second0customer"), ("ownerId", "dn2second0customer"), ("serviceAccountId", HistoryPlan.Acme),
        ],
    };

    // Names that no answer to a caller may hold. What it sent itself, such as another's SKU by mistake, it knows.
    private static readonly Dictionary<string, string[]> Secret = new()
    {
        [HistoryPlan.Acme] = ["rival-app", "rival-instance", "rival-second", "rival-reporter", HistoryPlan.RivalsBuyer, "piece,"],
        [HistoryPlan.Rival] = ["acme", "dn2second0customer", "first-customer-gateway", "core*hour"],
        [HistoryPlan.Buyer] = ["acme-database-second", "acme-database-requests", "dn2second0customer", HistoryPlan.RivalsBuyer, "rival-second"],
    };

    [Theory]
    [InlineData(ServedStore.Embedded)]
    [InlineData(ServedStore.Postgres)]
    public async Task Each_reader_sees_exactly_its_own_and_foreign_and_unknown_are_answered_alike(string store)
    {
        await using ServedHistory history = await ServedHistory.StartAsync(store);
        var plan = new HistoryPlan(seed: 1);
        await history.SendAsync(plan.Next(Requests));
        for (int number = 0; number < 20; number++)
        {
            (var record, long quantity) = plan.NextCorrection();
            await history.CorrectAsync(record, quantity, number);
        }

        history.ClosePeriod();
        var naive = new NaiveAnswers(history);
        foreach (ReadQuery query in ReadQuery.All)
        {
            foreach (string? caller in new[] { null, HistoryPlan.Acme, HistoryPlan.Rival, HistoryPlan.Buyer })
            {
                foreach (JsonObject question in Questions(query, history))
                    await AssertOwnAsync(query, history, question, caller, naive);
                if (caller is not null)
                    await AssertAlikeAsync(query, history, caller);
            }
        }
    }

    // Everything at once; and what cannot be asked for at once, one by one.
    private static IEnumerable<JsonObject> Questions(ReadQuery query, ServedHistory history)
    {
        if (query == ReadQuery.LookUp)
        {
            string[] uuids = [.. history.Accepted.Select(record => record.Uuid).Concat(history.Rejected.Select(one => one.Record.Uuid)).Distinct()];
            return [new JsonObject { ["uuids"] = new JsonArray([.. uuids.Select(uuid => JsonValue.Create(uuid))]) }];
        }

        return query != ReadQuery.Statement ? [query.About()]
            : [query.About("ownerId", HistoryPlan.BuyerAccount), query.About("ownerId", "rival-second"), query.About("productInstanceId", "acme-database-first")];
    }

    private static async Task AssertOwnAsync(ReadQuery query, ServedHistory history, JsonObject question, string? caller, NaiveAnswers naive)
    {
        List<string> pages = await query.PagesAsync(history, question, caller);
        string[] expected = [.. query.Expected(naive, question, caller).Order(StringComparer.Ordinal)];
        Assert.Equal($"{query} of {caller}:\n{string.Join('\n', expected)}", $"{query} of {caller}:\n{string.Join('\n', pages.SelectMany(page => query.Lines(JsonNode.Parse(page)!)).Order(StringComparer.Ordinal))}");
        Assert.True(expected.Length > 0 || query == ReadQuery.Skew, query.Name); // something was there to be seen
        if (caller is null || query == ReadQuery.Statement || query == ReadQuery.LookUp)
            return; // these say again what they were asked
        string all = string.Join('\n', pages);
        Assert.All(Secret[caller], secret => Assert.False(all.Contains(secret, StringComparison.Ordinal), $"{query} tells {caller} of {secret}: {all}"));
    }

    private static async Task AssertAlikeAsync(ReadQuery query, ServedHistory history, string caller)
    {
        string uuid = history.Accepted.First(record => !NaiveAnswers.IsSeen(record, caller)).Uuid;
        string refused = history.Rejected.First(one => one.Reason == "EXPIRED" && !NaiveAnswers.IsSeen(one.Record, caller)).Record.Uuid;
        foreach ((string field, string id) in Foreign[caller].Append(("uuids", uuid)).Append(("uuids", refused)).Where(one => query.Ids.Contains(one.Item1)))
        {
            string unknown = $"{id[..^1]}{(id[^1] == '7' ? '8' : '7')}";
            async Task<string> AskAsync(string about, string? asker) =>
                string.Join('\n', await query.PagesAsync(history, query.About(field, about), asker)).Replace(about, "ID");
            string nobodys = await AskAsync(unknown, caller);
            Assert.Equal($"{query} of {caller}: {nobodys}", $"{query} of {caller}: {await AskAsync(id, caller)}");
            Assert.NotEqual(nobodys, await AskAsync(id, null)); // the control: there is something to be hidden
        }
    }
}
