using Google.Protobuf.WellKnownTypes;
using Yandex.Cloud.Marketplace.Metering.V1;
using Reason = Yandex.Cloud.Marketplace.Metering.V1.RejectedUsageRecord.Types.Reason;

namespace Metering.Client.Tests;

/// <summary>Records, answers and clients that many tests need.</summary>
internal static class Samples
{
    public const string Instance = "instance-1";

    public static UsageRecord Record(int number) => new()
    {
        Uuid = $"00000000-0000-4000-8000-{number:x12}",
        SkuId = "sku-1",
        Quantity = number + 1,
        Timestamp = new Timestamp { Seconds = 1_800_000_000 },
    };

    public static UsageRecord[] Records(int count) => [.. Enumerable.Range(0, count).Select(Record)];

    public static CannedAnswer AcceptAll(Exchange exchange) => Verdicts(exchange, _ => null);

    public static CannedAnswer Verdicts(Exchange exchange, Func<UsageRecord, Reason?> judge)
    {
        var answer = new WriteUsageResponse();
        foreach (UsageRecord record in exchange.Read(WriteUsageRequest.Parser).UsageRecords)
        {
            if (judge(record) is { } reason)
                answer.Rejected.Add(new RejectedUsageRecord { Uuid = record.Uuid, Reason = reason });
            else
                answer.Accepted.Add(new AcceptedUsageRecord { Uuid = record.Uuid });
        }

        return ScriptedServer.Reply(answer);
    }

    public static MeteringClientOptions Options(string address, string? admin = null) =>
        new() { Address = address, Token = "t1", AdminToken = admin, Random = new Random(1) };

    /// <summary>A client that does not really wait between attempts; <paramref name="waits"/> collects what it would have waited.</summary>
    public static MeteringClient Connect(MeteringClientOptions options, List<TimeSpan>? waits = null) => new(options, (delay, _) =>
    {
        lock (waits ?? [])
            waits?.Add(delay);
        return Task.CompletedTask;
    });
}
