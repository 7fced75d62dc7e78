using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Metering.Server.Tests;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>
/// What every reading has to answer, worked out anew from lists in memory, too plain to be wrong. Questions are those of the
/// wire; answers are lines of text.
/// </summary>
internal sealed class NaiveAnswers(ServedHistory history)
{
    /// <summary>Whether a caller may see what was sent for this owner and product; nobody's caller is the admin.</summary>
    public static bool IsSeen(WrittenRecord record, string? caller) => caller switch
    {
        null => true,
        HistoryPlan.Buyer => record.BillingAccount == HistoryPlan.BuyerAccount,
        HistoryPlan.Rival => record.Publisher == "rival",
        _ => record.Publisher == "acme",
    };

    public IEnumerable<string> Records(JsonObject question, string? caller) =>
        Chosen(question["filter"], caller).Select(record => record.Line);

    public IEnumerable<string> LookUps(JsonObject question, string? caller) => question["uuids"]!.AsArray().Select(node =>
    {
        string uuid = (string)node!;
        WrittenRecord? accepted = history.Accepted.FirstOrDefault(record => record.Uuid == uuid && IsSeen(record, caller));
        var rejected = SeenRejected(caller).Where(one => one.Record.Uuid == uuid).Select(RejectedLine).Order(StringComparer.Ordinal).ToList();
        string state = accepted is not null ? "ACCEPTED" : rejected.Count > 0 ? "REJECTED" : "NEVER_SEEN";
        return $"{uuid} {state} {accepted?.Line} {string.Join(", ", rejected)}";
    });

    public IEnumerable<string> Rejected(JsonObject question, string? caller) => ChosenRejected(question["filter"], caller).Select(RejectedLine);

    /// <summary>By SKU and reason: how often, and of the last rejection of each uuid that was not accepted since, the quantity.</summary>
    public IEnumerable<string> AtRisk(JsonObject question, string? caller)
    {
        List<PlannedRecord> chosen = [.. ChosenRejected(question["filter"], caller)];
        var last = chosen.Select((one, place) => (one, place)).GroupBy(one => one.one.Record.Uuid).ToDictionary(uuid => uuid.Key, uuid => uuid.MaxBy(one => one.place).place);
        bool IsAccepted(PlannedRecord one) => history.Accepted.Exists(record => record.Uuid == one.Record.Uuid);
        return chosen.Select((one, place) => (One: one, IsLast: last[one.Record.Uuid] == place))
            .GroupBy(one => (one.One.Record.Sku, one.One.Reason))
            .Select(group =>
            {
                var lasts = group.Where(one => one.IsLast).Select(one => one.One).ToList();
                Int128 risk = lasts.Where(one => !IsAccepted(one)).Aggregate(Int128.Zero, (sum, one) => sum + one.Record.Quantity);
                return $"{group.Key.Sku} {group.Key.Reason} {group.Count()} {lasts.Count} {lasts.Count(IsAccepted)} {risk}";
            })
            .Order(StringComparer.Ordinal);
    }

    public IEnumerable<string> Corrections(JsonObject question, string? caller)
    {
        var chosen = Chosen(question["filter"], caller).Select(record => record.Uuid).ToHashSet();
        return history.Corrections.Where(one => chosen.Contains(one.Record.Uuid))
            .OrderBy(one => one.Record.Timestamp).ThenBy(one => one.Record.Uuid, StringComparer.Ordinal).ThenBy(one => one.Step)
            .Select(one => $"{one.Record.Uuid} {one.Step} {one.Record.Product} {one.Record.Instance} {one.Record.BillingAccount} {one.Record.Sku} {one.Record.Unit} "
                + $"{WrittenRecord.Moment(one.Record.Timestamp)} {one.Difference}");
    }

    /// <summary>Totals, then corrections, then rejections.</summary>
    public IEnumerable<string> Usage(JsonObject question, string? caller)
    {
        List<WrittenRecord> chosen = [.. Chosen(question, caller)];
        var byUuid = chosen.Select(record => record.Uuid).ToHashSet();
        return
        [
            .. Sums(question, chosen.Select(record => (record, (Int128)record.Quantity))),
            .. Sums(question, history.Corrections.Where(one => byUuid.Contains(one.Record.Uuid)).Select(one => (one.Record, one.Difference))).Select(line => "corrected " + line),
            .. RejectedCounts(question, caller),
        ];
    }

    /// <summary>Number, digest, totals by SKU, and corrections by SKU.</summary>
    public IEnumerable<string> Statement(JsonObject question, string? caller)
    {
        List<WrittenRecord> chosen = [.. Chosen(question, caller)];
        var byUuid = chosen.Select(record => record.Uuid).ToHashSet();
        return
        [
            $"{chosen.Count} {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Canonical(chosen))))}",
            .. BySku(chosen.Select(record => (record, (Int128)record.Quantity))),
            .. BySku(history.Corrections.Where(one => byUuid.Contains(one.Record.Uuid)).Select(one => (one.Record, one.Difference))).Select(line => "corrected " + line),
        ];
    }

    /// <summary>Whose clocks are seen: each caller's here has one account, its own.</summary>
    public IEnumerable<string> Skew(JsonObject question, string? caller) => history.Accepted.Select(record => record.Account).Distinct()
        .Where(account => (caller is null || caller == account) && (question["serviceAccountId"] is not { } id || (string)id! == account));

    /// <summary>Records in the canonical order and form of docs/statements.md.</summary>
    public static string Canonical(IEnumerable<WrittenRecord> records) => string.Concat(records
        .Select(record => $"{record.Uuid},{record.Instance},{record.BillingAccount},{record.Sku},{record.Quantity},{WrittenRecord.Moment(record.Timestamp)}\n")
        .Order(StringComparer.Ordinal));

    private IEnumerable<WrittenRecord> Chosen(JsonNode? filter, string? caller) => history.Accepted.Where(record =>
        IsSeen(record, caller) && Passes(filter, record) && IsWithin(filter, record.Timestamp));

    private IEnumerable<PlannedRecord> SeenRejected(string? caller) => history.Rejected.Where(one => one.Reason != "DUPLICATE" && IsSeen(one.Record, caller));

    private IEnumerable<PlannedRecord> ChosenRejected(JsonNode? filter, string? caller) => SeenRejected(caller).Where(one =>
        Passes(filter, one.Record) && IsWithin(filter, one.Record.Accepted) && (filter?["reason"] is not { } reason || (string)reason! == one.Reason));

    private static bool Passes(JsonNode? filter, WrittenRecord record)
    {
        bool Is(string field, params string[] values) => filter?[field] is not { } id || values.Contains((string)id!);
        return Is("productId", record.Product) && Is("productInstanceId", record.Instance) && Is("billingAccountId", record.BillingAccount)
            && Is("skuId", record.Sku) && Is("ownerId", record.Instance, record.BillingAccount);
    }

    private static bool IsWithin(JsonNode? filter, DateTimeOffset moment) =>
        (filter?["from"] is not { } from || moment >= Moment(from)) && (filter?["to"] is not { } to || moment < Moment(to));

    private static DateTimeOffset Moment(JsonNode text) => DateTimeOffset.Parse((string)text!, CultureInfo.InvariantCulture);

    private static string RejectedLine(PlannedRecord one) =>
        $"{one.Record.Uuid} {one.Record.Sku} {one.Record.Quantity} {one.Reason} {one.Record.Product} {one.Record.Instance} {one.Record.BillingAccount} {WrittenRecord.Moment(one.Record.Accepted)}";

    // Counted by owner: of an image product's customers, the publisher is told by the list alone.
    private IEnumerable<string> RejectedCounts(JsonObject question, string? caller) => history.Rejected
        .Where(one => question["skuId"] is null && IsSeen(one.Record, caller) && (one.Record.Instance.Length > 0 || caller is null or HistoryPlan.Buyer))
        .Where(one => one.Record.Instance.Length > 0 || question["productId"] is null)
        .Where(one => Passes(question, one.Record) && IsWithin(question, one.Record.Accepted))
        .GroupBy(one => $"{one.Record.Instance} {one.Record.BillingAccount} {one.Reason}")
        .Select(group => $"rejected {group.Key} {group.Count()}")
        .Order(StringComparer.Ordinal);

    private static IEnumerable<string> BySku(IEnumerable<(WrittenRecord Record, Int128 Quantity)> records) => records
        .GroupBy(one => $"{one.Record.Product} {one.Record.Sku} {one.Record.Unit}")
        .OrderBy(group => group.Key, StringComparer.Ordinal)
        .Select(group => $"{group.Key} {group.Aggregate(Int128.Zero, (sum, one) => sum + one.Quantity)} {group.Count()}");

    private static IEnumerable<string> Sums(JsonObject question, IEnumerable<(WrittenRecord Record, Int128 Quantity)> records)
    {
        HashSet<string> by = [.. question["groupBy"]?.AsArray().Select(one => (string)one!) ?? []];
        bool Has(string dimension) => by.Count == 0 || by.Contains(dimension);
        var windows = new NaiveWindows(question);
        return records
            .GroupBy(one => (Window: windows.Of(one.Record.Timestamp), Series: string.Join(
                ' ', Has("PRODUCT") ? one.Record.Product : "", Has("PRODUCT_INSTANCE") ? one.Record.Instance : "", Has("BILLING_ACCOUNT") ? one.Record.BillingAccount : "",
                Has("SKU") ? one.Record.Sku : "", one.Record.Unit)))
            .OrderBy(group => group.Key.Window, StringComparer.Ordinal).ThenBy(group => group.Key.Series, StringComparer.Ordinal)
            .Select(group => $"{group.Key.Window} {group.Key.Series} {group.Aggregate(Int128.Zero, (sum, one) => sum + one.Quantity)} {group.Count()}");
    }
}
