using Google.Protobuf;
using Metering.Contracts.V1;
using Metering.Grpc;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>The rejected records, as they were sent, and what they add up to.</summary>
/// <param name="catalog">Names, and who may see what.</param>
/// <param name="store">Where they are.</param>
/// <param name="duplicates">Knows how many duplicates were not compared.</param>
/// <param name="summing">Room for one summary at a time: it may go through a million records.</param>
internal sealed class RejectionsRpc(CatalogHolder catalog, IMeteringStore store, DuplicateComparison duplicates, SemaphoreSlim summing)
{
    private const int DefaultPageRecords = 1_000;

    /// <summary>Answers <c>ListRejectedRecords</c>.</summary>
    public async ValueTask<RpcResult<ListRejectedRecordsResponse>> ListAsync(ListRejectedRecordsRequest request, RpcCall call)
    {
        var faults = new List<FieldFault>();
        CatalogSnapshot snapshot = catalog.Current;
        ReadScope scope = ReadGate.ScopeOf(call);
        RejectedQuestion question = RejectionQuestions.Read(request.Filter, scope, snapshot, faults);
        byte[] key = (request.Filter ?? new RejectedFilter()).ToByteArray();
        if (request.PageSize is < 0 or > Limits.PageRecords)
            faults.Add(new("page_size", $"is {request.PageSize}; 1 to {Limits.PageRecords} are allowed, and 0 for {DefaultPageRecords}"));
        if (!PageToken.TryRead(request.PageToken, key, out byte[] after))
            faults.Add(RejectionQuestions.NoToken);
        if (faults.Count > 0)
            return RefusalStatus.Of(Refusal.InvalidFields(faults));
        try
        {
            int records = request.PageSize == 0 ? DefaultPageRecords : request.PageSize;
            RejectedPage page = await store.Rejections.SearchAsync(question, after, records, call.CancellationToken);
            var answer = new ListRejectedRecordsResponse { NextPageToken = page.Next is { } next ? PageToken.Write(key, next.Span) : string.Empty };
            answer.Records.Add(await DescribeAsync(page.Records, new RejectionNames(snapshot, scope), call.CancellationToken));
            return answer;
        }
        catch (UnknownCursorException)
        {
            return RefusalStatus.Of(Refusal.InvalidFields([RejectionQuestions.NoToken]));
        }
    }

    /// <summary>Answers <c>SummarizeRejectedRecords</c>.</summary>
    public async ValueTask<RpcResult<SummarizeRejectedRecordsResponse>> SummarizeAsync(SummarizeRejectedRecordsRequest request, RpcCall call)
    {
        var faults = new List<FieldFault>();
        CatalogSnapshot snapshot = catalog.Current;
        ReadScope scope = ReadGate.ScopeOf(call);
        RejectedQuestion question = RejectionQuestions.Read(request.Filter, scope, snapshot, faults);
        if (faults.Count > 0)
            return RefusalStatus.Of(Refusal.InvalidFields(faults));
        RejectedSummary summary;
        await summing.WaitAsync(call.CancellationToken);
        try
        {
            summary = await RejectedSummary.MakeAsync(
                store.Rejections, store.Records, question, Limits.RejectedSummaryRecords, call.CancellationToken);
        }
        finally
        {
            summing.Release();
        }

        return Describe(summary, await store.Rejections.ReadFiguresAsync(call.CancellationToken), scope, new RejectionNames(snapshot, scope));
    }

    /// <summary>Messages of rejected records, which know whether they were accepted since.</summary>
    public async Task<List<Contracts.V1.RejectedRecord>> DescribeAsync(
        IReadOnlyList<Ledger.RejectedRecord> records, RejectionNames names, CancellationToken cancellationToken)
    {
        HashSet<UInt128> uuids = [.. records.Select(UuidOf).Where(uuid => uuid != UInt128.Zero)];
        var accepted = new HashSet<UInt128>();
        foreach (UInt128[] some in uuids.Chunk(Limits.LookUpUuids))
            accepted.UnionWith((await store.Records.FindAsync(some, cancellationToken)).Keys);
        return [.. records.Select(record => RejectionMessages.Of(record, accepted.Contains(UuidOf(record)), names))];
    }

    private SummarizeRejectedRecordsResponse Describe(RejectedSummary summary, RejectedFigures figures, ReadScope scope, RejectionNames names)
    {
        var answer = new SummarizeRejectedRecordsResponse
        {
            ReachesBackTo = summary.ReachesBackTo is { } reaches ? RecordMessages.TimestampOf(reaches) : null,
            OldestKept = figures.OldestUnixNanoseconds is { } oldest ? RecordMessages.TimestampOf(oldest) : null,
        };
        if (scope.IsEverything)
        {
            (answer.KeptRecords, answer.KeptBytes, answer.DroppedRecords) = (figures.Records, figures.Bytes, figures.DroppedRecords);
            answer.DuplicatesNotCompared = duplicates.NotCompared;
        }

        foreach (((string skuId, Verdict reason), RejectedSum sum) in summary.Sums
            .OrderBy(entry => entry.Key.SkuId, StringComparer.Ordinal).ThenBy(entry => entry.Key.Reason))
        {
            SkuEntry? sku = names.SkuOf(skuId);
            answer.Totals.Add(new RejectedTotal
            {
                SkuId = skuId,
                ProductId = sku?.Product.Product.Id ?? string.Empty,
                Unit = sku?.Value.Unit ?? string.Empty,
                Reason = UsageVerdictCodec.NameOf(reason),
                Records = sum.Records,
                Uuids = sum.Uuids,
                AcceptedSince = sum.AcceptedUuids,
                QuantityAtRisk = sum.QuantityAtRisk.ToString(),
            });
        }

        return answer;
    }

    private static UInt128 UuidOf(Ledger.RejectedRecord record) =>
        RecordUuid.TryParse(System.Text.Encoding.UTF8.GetBytes(record.Uuid), out UInt128 uuid) ? uuid : UInt128.Zero;
}
