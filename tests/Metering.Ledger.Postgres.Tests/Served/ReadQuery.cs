using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Google.Protobuf;
using Metering.Contracts.V1;
using Metering.Server.Tests;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>One way to ask what was counted, how its answers are read, and what they have to be.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Place">The path over REST, or the name of a streaming method.</param>
/// <param name="Ids">What it can be asked about, by field.</param>
/// <param name="Lines">The answer's content, each piece a line.</param>
/// <param name="Expected">The naive answer.</param>
internal sealed record ReadQuery(
    string Name, string Place, string[] Ids, Func<JsonNode, IEnumerable<string>> Lines,
    Func<NaiveAnswers, JsonObject, string?, IEnumerable<string>> Expected)
{
    private static readonly string[] OfRecords = ["productId", "productInstanceId", "billingAccountId", "skuId"];

    // The SKU of a rejected record is whatever its sender wrote: nothing foreign to it.
    private static readonly string[] OfOwners = ["productInstanceId", "billingAccountId"];

    public static readonly ReadQuery Totals = new("totals", "/metering/v1/usage:query", OfRecords, UsageLines, (naive, question, caller) => naive.Usage(question, caller));

    public static readonly ReadQuery Records = new(
        "records", "/metering/v1/records:list", OfRecords, RecordLines, (naive, question, caller) => naive.Records(question, caller));

    public static readonly ReadQuery Feed = Records with { Name = "feed", Place = "/metering/v1/feed:read" };

    public static readonly ReadQuery Watch = Records with { Name = "watch", Place = "WatchRecords" };

    public static readonly ReadQuery Export = Records with { Name = "export", Place = "ExportRecords" };

    public static readonly ReadQuery LookUp = new("look-up", "/metering/v1/records:lookUp", ["uuids"], LookUpLines, (naive, question, caller) => naive.LookUps(question, caller));

    public static readonly ReadQuery Rejected = new(
        "rejected", "/metering/v1/rejections:list", OfOwners, answer => answer["records"]!.AsArray().Select(RejectedLine),
        (naive, question, caller) => naive.Rejected(question, caller));

    public static readonly ReadQuery AtRisk = new(
        "at risk", "/metering/v1/rejections:summarize", OfOwners, answer => Texts(answer["totals"], "skuId", "reason", "records", "uuids", "acceptedSince", "quantityAtRisk"),
        (naive, question, caller) => naive.AtRisk(question, caller));

    public static readonly ReadQuery Corrections = new(
        "corrections", "/metering/v1/corrections:list", OfRecords,
        answer => Texts(answer["corrections"], "uuid", "step", "productId", "productInstanceId", "billingAccountId", "skuId", "unit", "timestamp", "quantity"),
        (naive, question, caller) => naive.Corrections(question, caller));

    public static readonly ReadQuery Statement = new(
        "statement", "/metering/v1/statements:get", ["ownerId", "productInstanceId", "billingAccountId"], answer => StatementLines(answer["statement"]!),
        (naive, question, caller) => naive.Statement(question, caller));

    public static readonly ReadQuery Skew = new(
        "skew", "/metering/v1/skew", ["serviceAccountId"], answer => answer["accounts"]!.AsArray().Select(account => (string)account!["serviceAccountId"]!),
        (naive, question, caller) => naive.Skew(question, caller));

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ReadQuery> All => [Totals, Records, Feed, Watch, Export, LookUp, Rejected, AtRisk, Corrections, Statement, Skew];

    /// <summary>The question about one id; without one, about everything that can be asked for at once.</summary>
    public JsonObject About(string? field = null, string? id = null)
    {
        JsonObject question = this == Statement
            ? new JsonObject { ["from"] = WrittenRecord.Moment(HistoryPlan.Start.AddDays(-HistoryPlan.DaysBack)), ["to"] = WrittenRecord.Moment(HistoryPlan.Start) }
            : [];
        if (field == "uuids")
            question[field] = new JsonArray(id);
        else if (field is not null && (this == Totals || this == Statement || this == Skew))
            question[field] = id;
        else if (field is not null)
            question["filter"] = new JsonObject { [field] = id };
        return question;
    }

    /// <summary>The whole answer, page by page, as it came.</summary>
    public async Task<List<string>> PagesAsync(ServedHistory history, JsonObject question, string? caller, int node = 0)
    {
        if (!Place.StartsWith('/'))
            return await StreamAsync(history, question, caller);
        var pages = new List<string>();
        var asked = (JsonObject)question.DeepClone();
        while (true)
        {
            pages.Add(await history.AskAsync(Place, asked, caller, node));
            JsonNode answer = JsonNode.Parse(pages[^1])!;
            string? next = (string?)answer["nextPageToken"];
            if (this == Feed ? (bool)answer["atEnd"]! : string.IsNullOrEmpty(next))
                return pages;
            if (this == Feed)
                asked["cursor"] = (string)answer["cursor"]!;
            else
                asked["pageToken"] = next;
        }
    }

    /// <summary>The content of the whole answer; of totals, what comes beside the first page is last.</summary>
    public async Task<List<string>> LinesAsync(ServedHistory history, JsonObject question, string? caller, int node = 0) =>
    [
        .. (await PagesAsync(history, question, caller, node)).SelectMany(page => Lines(JsonNode.Parse(page)!))
            .OrderBy(line => line.StartsWith("corrected ", StringComparison.Ordinal) ? 1 : line.StartsWith("rejected ", StringComparison.Ordinal) ? 2 : 0),
    ];

    /// <inheritdoc/>
    public override string ToString() => Name;

    private async Task<List<string>> StreamAsync(ServedHistory history, JsonObject question, string? caller)
    {
        string token = await history.TokenAsync(caller);
        if (this == Watch)
        {
            WatchRecordsRequest request = JsonParser.Default.Parse<WatchRecordsRequest>(question.ToJsonString());
            request.UntilEnd = true;
            await using RpcStream<WatchRecordsResponse> watch = await RpcStream<WatchRecordsResponse>.OpenAsync(history.First, Place, request, token);
            return [.. (await watch.RestAsync()).Select(answer => JsonFormatter.Default.Format(answer))];
        }

        ExportRecordsRequest wanted = JsonParser.Default.Parse<ExportRecordsRequest>(question.ToJsonString());
        wanted.Format = ExportRecordsRequest.Types.Format.Jsonl;
        await using RpcStream<ExportRecordsResponse> export = await RpcStream<ExportRecordsResponse>.OpenAsync(history.First, Place, wanted, token);
        string lines = string.Concat((await export.RestAsync()).Select(answer => answer.Lines.ToStringUtf8()));
        return [$$"""{"records": [{{string.Join(',', lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(InCamelCase))}}]}"""];
    }

    // Members of exported lines are named as the columns of CSV are.
    private static string InCamelCase(string line) => Regex.Replace(
        line, "\"([a-z]+)_([a-z])([a-z]+)(?:_([a-z])([a-z]+))?\":",
        match => $"\"{match.Groups[1]}{match.Groups[2].Value.ToUpperInvariant()}{match.Groups[3]}{match.Groups[4].Value.ToUpperInvariant()}{match.Groups[5]}\":");

    private static IEnumerable<string> RecordLines(JsonNode answer) => answer["records"]?.AsArray().Select(WrittenRecord.LineOf) ?? [];

    private static IEnumerable<string> UsageLines(JsonNode answer)
    {
        static IEnumerable<string> Sums(JsonNode? sums) => Texts(
            sums, "windowStart", "windowEnd", "productId", "productInstanceId", "billingAccountId", "skuId", "unit", "quantity", "records");
        return
        [
            .. Sums(answer["totals"]),
            .. Sums(answer["corrections"]).Select(line => "corrected " + line),
            .. Texts(answer["rejections"], "productInstanceId", "billingAccountId", "reason", "records").Select(line => "rejected " + line).Order(StringComparer.Ordinal),
        ];
    }

    private static IEnumerable<string> LookUpLines(JsonNode answer) => answer["records"]!.AsArray().Select(one =>
    {
        string record = one!["record"] is { } found ? WrittenRecord.LineOf(found) : "";
        return $"{one["uuid"]} {one["state"]} {record} {string.Join(", ", one["rejections"]!.AsArray().Select(RejectedLine).Order(StringComparer.Ordinal))}";
    });

    private static string RejectedLine(JsonNode? one) =>
        string.Join(' ', new[] { "uuid", "skuId", "quantity", "reason", "productId", "productInstanceId", "billingAccountId", "received" }.Select(name => (string?)one![name]));

    private static IEnumerable<string> StatementLines(JsonNode statement)
    {
        static IEnumerable<string> Sums(JsonNode? sums) => Texts(sums, "productId", "skuId", "unit", "quantity", "records");
        return [$"{statement["records"]} {statement["sha256"]}", .. Sums(statement["totals"]), .. Sums(statement["corrections"]).Select(line => "corrected " + line)];
    }

    private static IEnumerable<string> Texts(JsonNode? list, params string[] names) =>
        list?.AsArray().Select(one => string.Join(' ', names.Select(name => one![name]?.ToString() ?? ""))) ?? [];
}
