using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Metering.Server.Tests;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>A correction as it was answered: what it adds to its record.</summary>
internal sealed record MadeCorrection(WrittenRecord Record, Int128 Difference, int Step);

/// <summary>Servers over one ledger, and everything that was sent to them: what reading has to tell again.</summary>
internal sealed class ServedHistory : IAsyncDisposable
{
    private readonly ServedPlace _place;
    private readonly List<RunningServer> _nodes = [];
    private readonly ConcurrentDictionary<string, string> _tokens = []; // some read while others write

    private ServedHistory(ServedPlace place) => _place = place;

    public SettableTime Time { get; } = new(HistoryPlan.Start);

    public RunningServer First => _nodes[0];

    public int Nodes => _nodes.Count;

    public ServedPlace Place => _place;

    /// <summary>Whether records are listed in the order of their acceptance.</summary>
    public bool IsOrderOne => _place.IsOrderOne;

    /// <summary>What was accepted, in its order.</summary>
    public List<WrittenRecord> Accepted { get; } = [];

    /// <summary>What was rejected, in its order, with the reason.</summary>
    public List<PlannedRecord> Rejected { get; } = [];

    public List<MadeCorrection> Corrections { get; } = [];

    public static async Task<ServedHistory> StartAsync(string store, int nodes = 1, TimeSpan? window = null)
    {
        var history = new ServedHistory(await ServedStore.MakeAsync(store, window ?? HistoryPlan.Window));
        try
        {
            for (int node = 0; node < (history.IsOrderOne ? 1 : nodes); node++)
                history._nodes.Add(await history._place.StartAsync(history.Time));
            return history;
        }
        catch
        {
            await history.DisposeAsync();
            throw;
        }
    }

    /// <summary>Sends requests, one after the other, each a moment after the one before.</summary>
    public async Task SendAsync(IEnumerable<PlannedRequest> requests)
    {
        foreach (PlannedRequest request in requests)
        {
            Time.Now += TimeSpan.FromSeconds(1);
            await SendAsync(request, _nodes[(Accepted.Count + Rejected.Count) % _nodes.Count]);
        }
    }

    /// <summary>Sets a record right, as the operator.</summary>
    public async Task CorrectAsync(WrittenRecord record, long quantity, int number)
    {
        var steps = Corrections.Where(correction => correction.Record.Uuid == record.Uuid).ToList();
        Int128 difference = quantity - steps.Aggregate((Int128)record.Quantity, (sum, step) => sum + step.Difference);
        if (difference == 0)
            return;
        var order = new JsonObject
        {
            ["uuid"] = record.Uuid, ["quantity"] = quantity, ["reason"] = $"reason {number}", ["author"] = "ann@example.com",
            ["correctionId"] = new Guid(number, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10).ToString(),
        };
        JsonNode answer = JsonNode.Parse(await AskAsync("/metering/v1/corrections", order, null))!["correction"]!;
        Assert.Equal(($"{difference}", steps.Count + 1), ((string)answer["quantity"]!, (int)answer["step"]!));
        Corrections.Add(new MadeCorrection(record, difference, steps.Count + 1));
    }

    /// <summary>A question over REST that must be answered, as the bytes say it; the admin's of nobody.</summary>
    public async Task<string> AskAsync(string path, JsonObject question, string? caller, int node = 0)
    {
        (HttpStatusCode status, string text) = await TryAskAsync(path, question, caller, node);
        Assert.True(status == HttpStatusCode.OK, $"{path} {question.ToJsonString()}: {text}");
        return text;
    }

    /// <summary>A question over REST, whatever the answer.</summary>
    public async Task<(HttpStatusCode Status, string Text)> TryAskAsync(string path, JsonObject question, string? caller, int node = 0)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, _nodes[node].Rest + path)
        {
            Content = new StringContent(question.ToJsonString(), Encoding.UTF8, "application/json"),
        };
        if (path.EndsWith("/skew", StringComparison.Ordinal))
        {
            request.Method = HttpMethod.Get;
            request.Content = null;
            request.RequestUri = new Uri(request.RequestUri + "?" + string.Join('&', question.Select(field => $"{field.Key}={field.Value}")));
        }

        request.Headers.Authorization = new("Bearer", await TokenAsync(caller));
        using HttpResponseMessage answer = await _nodes[node].Http.SendAsync(request, TestLedger.Stop);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(TestLedger.Stop));
    }

    /// <summary>A token for an account; the admin's for nobody.</summary>
    public async Task<string> TokenAsync(string? account)
    {
        if (account is null)
            return First.AdminToken.Trim();
        if (!_tokens.TryGetValue(account, out string? token))
            _tokens[account] = token = await First.TokenAsync(account);
        return token;
    }

    /// <summary>Lets so much time go by that no record of the plan's days is accepted any more.</summary>
    public void ClosePeriod()
    {
        Time.Now += HistoryPlan.Window + TimeSpan.FromDays(1);
        _tokens.Clear(); // they did not last so long
    }

    public async Task RestartAsync()
    {
        for (int node = 0; node < _nodes.Count; node++)
            _nodes[node] = await _place.RestartAsync(_nodes[node]);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (RunningServer node in _nodes)
            await node.DisposeAsync();
        await _place.DisposeAsync();
    }

    private async Task SendAsync(PlannedRequest request, RunningServer node)
    {
        Sender sender = request.Sender;
        var records = new JsonArray([.. request.Records.Select(one => new JsonObject
        {
            ["uuid"] = one.Record.Uuid, ["skuId"] = one.Record.Sku, ["quantity"] = one.Record.Quantity, ["timestamp"] = WrittenRecord.Moment(one.Record.Timestamp),
        })]);
        bool isInstance = sender.Instance.Length > 0;
        var body = new JsonObject { [isInstance ? "productInstanceId" : "productId"] = isInstance ? sender.Instance : sender.Product, ["usageRecords"] = records };
        string path = $"/marketplace/metering/v1/{(isInstance ? "productUsage" : "imageProductUsage")}/write";
        (HttpStatusCode status, JsonNode answer) = await node.PostAsync(path, body, await TokenAsync(sender.Account));
        Assert.True(status == HttpStatusCode.OK, answer.ToJsonString());
        Assert.Equal(
            request.Records.Where(one => one.Reason.Length > 0).Select(one => (one.Record.Uuid, one.Reason)),
            answer["rejected"]!.AsArray().Select(one => ((string)one!["uuid"]!, (string)one["reason"]!)));
        foreach (PlannedRecord one in request.Records)
        {
            PlannedRecord received = one with { Record = one.Record with { Accepted = Time.Now } };
            if (one.Reason.Length == 0)
                Accepted.Add(received.Record);
            else
                Rejected.Add(received);
        }
    }
}
