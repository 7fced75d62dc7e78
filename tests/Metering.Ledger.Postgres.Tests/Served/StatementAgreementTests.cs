using System.Diagnostics;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Metering.Contracts.V1;
using Metering.Server.Tests;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>
/// Statements of one history, kept in a file by one server and in PostgreSQL by two, there in other requests and in another
/// order: byte for byte the same, and made again by anybody from the exported records.
/// </summary>
public sealed class StatementAgreementTests
{
    private const string Get = "/metering/v1/statements:get";
    private const string Again = "awk -F, -v OFS=, 'NR > 1 {print $1, $3, $4, $5, $(NF-4), $(NF-3)}' | LC_ALL=C sort"; // as docs/statements.md has it

    private static readonly (string Owner, string? Caller)[] Asked =
    [
        (HistoryPlan.BuyerAccount, null), (HistoryPlan.BuyerAccount, HistoryPlan.Buyer), (HistoryPlan.BuyerAccount, HistoryPlan.Acme),
        (HistoryPlan.BuyerAccount, HistoryPlan.Rival), ("acme-database-second", HistoryPlan.Acme), ("rival-second", null), ("nobody", null),
    ];

    private static readonly JsonObject[] Periods =
    [
        new() { ["month"] = "2026-11", ["timeZone"] = "Asia/Kolkata" },
        new() { ["from"] = "2026-11-14T03:00:00Z", ["to"] = "2026-11-19T17:23:45.123456700Z" },
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Statements_of_both_stores_are_byte_for_byte_the_same(int seed)
    {
        await using ServedHistory embedded = await ServedHistory.StartAsync(ServedStore.Embedded), postgres = await ServedHistory.StartAsync(ServedStore.Postgres, nodes: 2);
        var plan = new HistoryPlan(seed);
        await embedded.SendAsync(plan.Next(requests: 60));
        await postgres.SendAsync(HistoryPlan.Shuffled(embedded.Accepted, new Random(seed)));
        for (int number = 0; number < 15; number++)
        {
            (WrittenRecord record, long quantity) = plan.NextCorrection();
            await embedded.CorrectAsync(record, quantity, number);
            await postgres.CorrectAsync(record, quantity, number);
        }

        embedded.Time.Now = HistoryPlan.Start.AddDays(9); // the month is over
        postgres.Time.Now = embedded.Time.Now.AddHours(5);
        embedded.ClosePeriod();
        postgres.ClosePeriod();
        string[] statements = await StatementsAsync(embedded);
        Assert.Equal(statements, await StatementsAsync(postgres));
        Assert.Equal(statements, await StatementsAsync(embedded)); // and computed twice
        Assert.Equal(statements.Length - Periods.Length, statements.Distinct().Count()); // the customer's own is the admin's, no other is another's
        await AssertMadeAgainAsync(embedded, postgres);

        await embedded.RestartAsync();
        await postgres.RestartAsync();
        string archive = await embedded.AskAsync("/metering/v1/archives", new JsonObject { ["olderThan"] = $"{(HistoryPlan.Window + TimeSpan.FromHours(1)).TotalSeconds}s" }, null);
        Assert.Equal($"{embedded.Accepted.Count}", (string)JsonNode.Parse(archive)!["archive"]!["records"]!);
        Assert.Equal(statements, await StatementsAsync(embedded));
        Assert.Equal(statements, await StatementsAsync(postgres));

        // The control: one record that is another by one unit, or a billionth of a second, is another statement.
        WrittenRecord altered = embedded.Accepted.First(record => record.Instance == "rival-second");
        foreach (string column in new[] { "quantity", "timestamp_unix_nanoseconds" })
        {
            await postgres.Place.TamperAsync($"UPDATE usage_record SET {column} = {column} - 1 WHERE uuid = '{altered.Uuid}'");
            string[] others = await StatementsAsync(postgres);
            Assert.NotEqual(Digest(statements[5]), Digest(others[5]));
            Assert.Equal(statements[4], others[4]);
            await postgres.Place.TamperAsync($"UPDATE usage_record SET {column} = {column} + 1 WHERE uuid = '{altered.Uuid}'");
        }

        Assert.Equal(statements, await StatementsAsync(postgres));
    }

    private static async Task<string[]> StatementsAsync(ServedHistory history)
    {
        var statements = new List<string>();
        foreach (JsonObject period in Periods)
        {
            foreach ((string owner, string? caller) in Asked)
            {
                var question = (JsonObject)period.DeepClone();
                question["ownerId"] = owner;
                statements.Add(await history.AskAsync(Get, question, caller, node: statements.Count % history.Nodes));
            }
        }

        return [.. statements];
    }

    private static async Task AssertMadeAgainAsync(params ServedHistory[] histories)
    {
        foreach (ServedHistory history in histories)
        {
            foreach ((string owner, string? caller) in Asked.Where(one => one.Owner == HistoryPlan.BuyerAccount))
            {
                var filter = (JsonObject)Periods[1].DeepClone();
                filter["billingAccountId"] = owner;
                string csv = await ExportAsync(history, filter, caller);
                string text = NaiveAnswers.Canonical(history.Accepted.Where(record =>
                    record.BillingAccount == owner && NaiveAnswers.IsSeen(record, caller) && IsOf(record.Timestamp, filter)));
                Assert.Equal(text, await ShellAsync(Again, csv));
                Assert.Equal(Digest(await history.AskAsync(Get, filter, caller)), (await ShellAsync($"{Again} | sha256sum", csv))[..64]);
            }
        }
    }

    private static bool IsOf(DateTimeOffset moment, JsonObject period) =>
        moment >= DateTimeOffset.Parse((string)period["from"]!) && moment < DateTimeOffset.Parse((string)period["to"]!);

    private static string Digest(string statement) => (string)JsonNode.Parse(statement)!["statement"]!["sha256"]!;

    private static async Task<string> ExportAsync(ServedHistory history, JsonObject filter, string? caller)
    {
        var request = new ExportRecordsRequest { Filter = JsonParser.Default.Parse<RecordFilter>(filter.ToJsonString()), Format = ExportRecordsRequest.Types.Format.Csv };
        await using RpcStream<ExportRecordsResponse> export = await RpcStream<ExportRecordsResponse>.OpenAsync(
            history.First, "ExportRecords", request, await history.TokenAsync(caller));
        return string.Concat((await export.RestAsync()).Select(piece => piece.Lines.ToStringUtf8()));
    }

    private static async Task<string> ShellAsync(string script, string input)
    {
        using Process shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", script]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        Task<string> output = shell.StandardOutput.ReadToEndAsync(TestLedger.Stop);
        await shell.StandardInput.WriteAsync(input);
        shell.StandardInput.Close();
        await shell.WaitForExitAsync(TestLedger.Stop);
        return await output;
    }
}
