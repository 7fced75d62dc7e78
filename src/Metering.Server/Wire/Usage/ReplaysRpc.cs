using Google.Protobuf;
using Metering.Contracts.V1;
using Metering.Grpc;
using Metering.Ledger;
using Outcome = Metering.Contracts.V1.ReplayedRecord.Types.Outcome;

namespace Metering.Server;

/// <summary>Rejected records that are judged anew, for the holder of the admin token.</summary>
/// <param name="gate">Knows the admin.</param>
/// <param name="catalog">What filters name.</param>
/// <param name="replaying">Judges anew.</param>
/// <param name="rejections">Describes rejected records.</param>
/// <param name="kept">Where they are.</param>
/// <param name="turn">Room for one replay at a time, so that the dry run of one is not overtaken by another.</param>
internal sealed class ReplaysRpc(
    ReadGate gate, CatalogHolder catalog, RejectedReplaying replaying, RejectionsRpc rejections, IRejectedRecords kept, SemaphoreSlim turn)
{
    /// <summary>Answers <c>ReplayRejectedRecords</c>.</summary>
    public async ValueTask<RpcResult<ReplayRejectedRecordsResponse>> ReplayAsync(ReplayRejectedRecordsRequest request, RpcCall call)
    {
        if (gate.CheckAdmin(call) is { } stranger)
            return RefusalStatus.Of(stranger);
        var faults = new List<FieldFault>();
        RejectedQuestion question = RejectionQuestions.Read(request.Filter, ReadScope.Everything, catalog.Current, faults);
        byte[] key = (request.Filter ?? new RejectedFilter()).ToByteArray();
        if (!PageToken.TryRead(request.PageToken, key, out byte[] after))
            faults.Add(RejectionQuestions.NoToken);
        bool isDecision = request.AsOfReceipt && !request.DryRun;
        CheckWords("operator", request.Operator, isDecision, faults);
        CheckWords("decision", request.Decision, isDecision, faults);
        if (faults.Count > 0)
            return RefusalStatus.Of(Refusal.InvalidFields(faults));

        await turn.WaitAsync(call.CancellationToken);
        try
        {
            ReplayAnswer answer = await replaying.RunAsync(
                new ReplayOrder(question, after, request.DryRun, request.AsOfReceipt, request.Operator, request.Decision), call.CancellationToken);
            return answer.Failure != LedgerAnswer.Committed
                ? RefusalStatus.Of(answer.Failure)
                : await DescribeAsync(answer, key, call.CancellationToken);
        }
        catch (UnknownCursorException)
        {
            return RefusalStatus.Of(Refusal.InvalidFields([RejectionQuestions.NoToken]));
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Answers <c>ListReplays</c>.</summary>
    public async ValueTask<RpcResult<ListReplaysResponse>> ListAsync(ListReplaysRequest request, RpcCall call)
    {
        if (gate.CheckAdmin(call) is { } stranger)
            return RefusalStatus.Of(stranger);
        var answer = new ListReplaysResponse();
        foreach (RejectedReplay replay in await kept.ReadReplaysAsync(call.CancellationToken))
        {
            answer.Replays.Add(new Replay
            {
                RequestId = replay.RequestId.ToString(),
                Started = RecordMessages.TimestampOf(replay.StartedUnixNanoseconds),
                Operator = replay.Operator,
                Decision = replay.Reason,
                AsOfReceipt = replay.IsAsOfReceipt,
            });
        }

        return answer;
    }

    private async Task<ReplayRejectedRecordsResponse> DescribeAsync(ReplayAnswer answer, byte[] key, CancellationToken cancellationToken)
    {
        var response = new ReplayRejectedRecordsResponse
        {
            NextPageToken = answer.Next is { } next ? PageToken.Write(key, next.Span) : string.Empty,
            RequestId = answer.RequestId?.ToString() ?? string.Empty,
        };
        List<Contracts.V1.RejectedRecord> records = await rejections.DescribeAsync(
            [.. answer.Records.Select(replayed => replayed.Record)], new RejectionNames(catalog.Current, ReadScope.Everything), cancellationToken);
        for (int index = 0; index < records.Count; index++)
        {
            ReplayedRecord replayed = answer.Records[index];
            response.Records.Add(new Contracts.V1.ReplayedRecord
            {
                Record = records[index],
                Outcome = replayed.Outcome switch
                {
                    ReplayOutcome.Accepted => Outcome.Accepted,
                    ReplayOutcome.AlreadyCounted => Outcome.AlreadyCounted,
                    ReplayOutcome.NotPermitted => Outcome.NotPermitted,
                    _ => Outcome.Rejected,
                },
                Reason = replayed.Outcome switch
                {
                    ReplayOutcome.Rejected => UsageVerdictCodec.NameOf(replayed.Verdict),
                    _ => replayed.Refusal,
                },
            });
        }

        return response;
    }

    private static void CheckWords(string field, string words, bool isNeeded, List<FieldFault> faults)
    {
        if (isNeeded && string.IsNullOrWhiteSpace(words))
            faults.Add(new(field, "is required: who judges records as of another moment than now, and why, is kept"));
        else if (words.Length > Limits.DecisionCharacters)
            faults.Add(new(field, $"has {words.Length} characters; at most {Limits.DecisionCharacters} are allowed"));
        else if (words.Any(char.IsControl))
            faults.Add(new(field, "has characters that cannot be printed"));
    }
}
