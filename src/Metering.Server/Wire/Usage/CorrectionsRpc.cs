using System.Buffers.Binary;
using System.Text;
using Google.Protobuf;
using Metering.Contracts.V1;
using Metering.Grpc;
using Metering.Ledger;
using Correction = Metering.Ledger.Correction;

namespace Metering.Server;

/// <summary>Corrections of what was counted: made by the operator, read by those whose usage it is.</summary>
internal sealed class CorrectionsRpc(ReadGate gate, CatalogHolder catalog, IMeteringStore store, MeteringClock clock)
{
    private const string NoUuid = "is no UUID of 8-4-4-4-12 hexadecimal digits";
    private const int PlaceBytes = sizeof(long) + 16 + sizeof(int);

    /// <summary>Answers <c>CorrectRecord</c>.</summary>
    public async ValueTask<RpcResult<CorrectRecordResponse>> CorrectRecordAsync(CorrectRecordRequest request, RpcCall call)
    {
        if (gate.CheckAdmin(call) is { } stranger)
            return RefusalStatus.Of(stranger);
        List<FieldFault> faults = FaultsOf(request, out UInt128 uuid, out Guid id);
        if (faults.Count > 0)
            return RefusalStatus.Of(Refusal.InvalidFields(faults));
        if (!(await store.Records.FindAsync([uuid], call.CancellationToken)).TryGetValue(uuid, out CountedRecord record))
            return RefusalStatus.Of(new Refusal(RefusalKind.NotFound, $"No record {request.Uuid} was counted: there is nothing to correct."));

        var order = new CorrectionOrder(id, record, request.Quantity, request.Reason, request.Author, clock.ReadUnixNanoseconds());
        CorrectionAnswer answer = request.DryRun
            ? Correction.Next(order, await store.Corrections.FindAsync([uuid], call.CancellationToken))
            : await store.Corrections.AddAsync(order, call.CancellationToken);
        return answer.Outcome switch
        {
            CorrectionOutcome.Added or CorrectionOutcome.Repeated => Describe(answer, record),
            CorrectionOutcome.IdTaken => RefusalStatus.Of(new Refusal(
                RefusalKind.AlreadyExists, $"correction_id {id} was given to another correction of this record. Choose a new one.")),
            _ => RefusalStatus.Of(Refusal.InvalidFields(
                [new("quantity", $"is {request.Quantity}, which is what the record and its corrections give already")])),
        };
    }

    /// <summary>Answers <c>ListCorrections</c>.</summary>
    public async ValueTask<RpcResult<ListCorrectionsResponse>> ListCorrectionsAsync(ListCorrectionsRequest request, RpcCall call)
    {
        var faults = new List<FieldFault>();
        RecordQuestion question = RecordMessages.QuestionOf(request.Filter, faults);
        int size = RecordMessages.SizeOf(request.PageSize, faults);
        byte[] asked = request.Filter?.ToByteArray() ?? [];
        if (!PageToken.TryRead(request.PageToken, asked, out byte[] place) || place.Length is not (0 or PlaceBytes))
            faults.Add(new("page_token", "is none that was given for this question"));
        if (faults.Count > 0)
            return RefusalStatus.Of(Refusal.InvalidFields(faults));

        var view = new RecordView(ReadGate.ScopeOf(call), question, catalog);
        var range = new CorrectionRange(question.From ?? long.MinValue, question.To ?? long.MaxValue, place.Length == 0 ? null : PlaceOf(place));
        var answer = new ListCorrectionsResponse();
        int lookedAt = 0;
        await foreach (Correction correction in store.Corrections.ReadAsync(range, call.CancellationToken))
        {
            if (view.Find(correction.OwnerKey, correction.SkuKey) is { } series)
                answer.Corrections.Add(Describe(correction, series));
            if (answer.Corrections.Count == size || ++lookedAt == Limits.RecordsLookedAt)
            {
                answer.NextPageToken = PageToken.Write(asked, PlaceOf(correction));
                break;
            }
        }

        return answer;
    }

    private CorrectRecordResponse Describe(CorrectionAnswer answer, CountedRecord record)
    {
        var view = new RecordView(ReadScope.Everything, RecordQuestion.Everything, catalog);
        RecordSeries series = view.Find(record)!;
        return new CorrectRecordResponse
        {
            Correction = Describe(answer.Correction!, series),
            Repeated = answer.Outcome == CorrectionOutcome.Repeated,
            Record = RecordMessages.Describe(new SeenRecord(record, series), view),
        };
    }

    private static Contracts.V1.Correction Describe(Correction correction, RecordSeries series) => new()
    {
        CorrectionId = correction.Id.ToString("D"),
        Uuid = RecordUuid.Format(correction.RecordUuid),
        Step = correction.Step,
        ProductId = series.ProductId,
        ProductInstanceId = series.InstanceId,
        BillingAccountId = series.BillingAccountId,
        SkuId = series.SkuId,
        Unit = series.Unit,
        Timestamp = RecordMessages.TimestampOf(correction.TimestampUnixNanoseconds),
        Quantity = correction.Quantity,
        Reason = correction.Reason,
        Author = correction.Author,
        Created = RecordMessages.TimestampOf(correction.CreatedUnixNanoseconds),
    };

    private static List<FieldFault> FaultsOf(CorrectRecordRequest request, out UInt128 uuid, out Guid id)
    {
        var faults = new List<FieldFault>();
        if (!RecordUuid.TryParse(Encoding.UTF8.GetBytes(request.Uuid), out uuid))
            faults.Add(new("uuid", NoUuid));
        if (request.Quantity < 0)
            faults.Add(new("quantity", $"is {request.Quantity}; what a record should have been is 0 or more"));
        if (FaultOf(request.Reason, Limits.CorrectionReasonCharacters) is { } reason)
            faults.Add(new("reason", reason));
        if (FaultOf(request.Author, Limits.CorrectionAuthorCharacters) is { } author)
            faults.Add(new("author", author));
        id = Guid.Empty;
        if (request.CorrectionId.Length == 0)
            id = Guid.NewGuid();
        else if (RecordUuid.TryParse(Encoding.UTF8.GetBytes(request.CorrectionId), out UInt128 number))
            id = RecordUuid.ToGuid(number);
        else
            faults.Add(new("correction_id", NoUuid));
        return faults;
    }

    private static string? FaultOf(string text, int charactersMaximum) =>
        string.IsNullOrWhiteSpace(text) ? "is missing"
        : text.Length > charactersMaximum ? $"has {text.Length} characters; {charactersMaximum} are allowed"
        : text.Any(char.IsControl) ? "has control characters; it is one line of text"
        : null;

    private static byte[] PlaceOf(Correction correction)
    {
        byte[] place = new byte[PlaceBytes];
        BinaryPrimitives.WriteInt64BigEndian(place, correction.TimestampUnixNanoseconds);
        BinaryPrimitives.WriteUInt128BigEndian(place.AsSpan(sizeof(long)), correction.RecordUuid);
        BinaryPrimitives.WriteInt32BigEndian(place.AsSpan(sizeof(long) + 16), correction.Step);
        return place;
    }

    private static CorrectionPlace PlaceOf(ReadOnlySpan<byte> place) => new(
        BinaryPrimitives.ReadInt64BigEndian(place),
        BinaryPrimitives.ReadUInt128BigEndian(place[sizeof(long)..]),
        BinaryPrimitives.ReadInt32BigEndian(place[(sizeof(long) + 16)..]));
}
