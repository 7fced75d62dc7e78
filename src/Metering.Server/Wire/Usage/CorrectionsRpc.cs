using System.Text;
using Metering.Contracts.V1;
using Metering.Grpc;
using Metering.Ledger;
using Correction = Metering.Ledger.Correction;

namespace Metering.Server;

/// <summary>Corrections of what was counted: made by the operator, read by those whose usage it is.</summary>
internal sealed class CorrectionsRpc(ReadGate gate, IRecordReader records, ICorrections corrections, CatalogHolder catalog, MeteringClock clock)
{
    /// <summary>Answers <c>CorrectRecord</c>.</summary>
    public async ValueTask<RpcResult<CorrectRecordResponse>> CorrectAsync(CorrectRecordRequest request, RpcCall call)
    {
        if (gate.CheckAdmin(call) is { } stranger)
            return RefusalStatus.Of(stranger);
        List<FieldFault> faults = FaultsOf(request, out UInt128 uuid, out Guid id);
        if (faults.Count > 0)
            return RefusalStatus.Of(Refusal.InvalidFields(faults));
        if (!(await records.FindAsync([uuid], call.CancellationToken)).TryGetValue(uuid, out CountedRecord record))
            return RefusalStatus.Of(new Refusal(RefusalKind.NotFound, $"No record with the uuid {request.Uuid} was counted: there is nothing to correct."));

        var order = new CorrectionOrder(id, record, request.Quantity, request.Reason, request.Author, clock.ReadUnixNanoseconds());
        CorrectionAnswer answer = request.DryRun
            ? Correction.Next(order, await corrections.FindAsync([uuid], call.CancellationToken))
            : await corrections.AddAsync(order, call.CancellationToken);
        return answer.Outcome switch
        {
            CorrectionOutcome.Added or CorrectionOutcome.Repeated => new CorrectRecordResponse
            {
                Correction = Describe(answer.Correction!),
                Repeated = answer.Outcome == CorrectionOutcome.Repeated,
                Record = RecordText.Describe(record, catalog.Current),
            },
            CorrectionOutcome.IdTaken => RefusalStatus.Of(new Refusal(
                RefusalKind.AlreadyExists, $"correction_id {id} was given to another correction of this record. Choose a new one.")),
            _ => RefusalStatus.Of(Refusal.InvalidFields(
                [new("quantity", $"is {request.Quantity}, which is what the record and its corrections give already")])),
        };
    }

    private static List<FieldFault> FaultsOf(CorrectRecordRequest request, out UInt128 uuid, out Guid id)
    {
        var faults = new List<FieldFault>();
        if (!RecordUuid.TryParse(Encoding.UTF8.GetBytes(request.Uuid), out uuid))
            faults.Add(new("uuid", "is no UUID of 8-4-4-4-12 hexadecimal digits"));
        if (request.Quantity < 0)
            faults.Add(new("quantity", $"is {request.Quantity}; what a record should have been is 0 or more"));
        if (FaultOf(request.Reason, Limits.CorrectionReasonCharacters) is { } reason)
            faults.Add(new("reason", reason));
        if (FaultOf(request.Author, Limits.CorrectionAuthorCharacters) is { } author)
            faults.Add(new("author", author));
        id = Guid.Empty;
        if (request.CorrectionId.Length == 0)
            id = Guid.NewGuid();
        else if (!Guid.TryParseExact(request.CorrectionId, "D", out id))
            faults.Add(new("correction_id", "is no UUID of 8-4-4-4-12 hexadecimal digits"));
        return faults;
    }

    private static string? FaultOf(string text, int charactersMaximum) =>
        string.IsNullOrWhiteSpace(text) ? "is missing"
        : text.Length > charactersMaximum ? $"has {text.Length} characters; {charactersMaximum} are allowed"
        : text.Any(char.IsControl) ? "has control characters; it is one line of text"
        : null;
}
