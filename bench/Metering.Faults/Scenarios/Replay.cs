using Google.Protobuf.WellKnownTypes;
using Metering.Ledger;
using Yandex.Cloud.Marketplace.Metering.V1;
using UsageRecord = Yandex.Cloud.Marketplace.Metering.V1.UsageRecord;

namespace Metering.Faults;

/// <summary>What a client does that does not know what became of its records: it sends them again.</summary>
internal static class Replay
{
    private const string Write = "/yandex.cloud.marketplace.metering.v1.ProductUsageService/Write";
    private const int RecordsPerWrite = 25;
    private const int Senders = 16;

    /// <summary>Sends records with these uuids. One that is counted answers DUPLICATE, whatever else the record says now.</summary>
    /// <returns>How many were answered otherwise.</returns>
    public static async Task<int> CountOthersAsync(MeteringProcess server, string token, IReadOnlyList<UInt128> uuids)
    {
        using var client = new PlainClient($"http://{server.Grpc}");
        Timestamp now = Timestamp.FromDateTimeOffset(TimeProvider.System.GetUtcNow());
        int others = 0;
        await Parallel.ForEachAsync(uuids.Chunk(RecordsPerWrite), new ParallelOptions { MaxDegreeOfParallelism = Senders }, async (part, _) =>
        {
            var request = new WriteUsageRequest { ProductInstanceId = SampleIds.Instance };
            request.UsageRecords.AddRange(part.Select(uuid => new UsageRecord
            {
                Uuid = RecordUuid.Format(uuid), SkuId = SampleIds.Sku, Quantity = 1, Timestamp = now,
            }));
            WriteUsageResponse answer = (await client.CallAsync(Write, request, ("authorization", $"Bearer {token}"))).Read<WriteUsageResponse>();
            Interlocked.Add(ref others, part.Length - answer.Rejected.Count(record => record.Reason == RejectedUsageRecord.Types.Reason.Duplicate));
        });
        return others;
    }
}
