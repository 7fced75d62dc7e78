using System.Text;
using Metering.Contracts.V1;
using Metering.Grpc;
using Metering.Ledger;
using State = Metering.Contracts.V1.RecordLookUp.Types.State;

namespace Metering.Server;

/// <summary>What became of records, by uuid.</summary>
internal sealed class LookUpRpc(CatalogHolder catalog, IMeteringStore store)
{
    /// <summary>Answers <c>LookUpRecords</c>.</summary>
    public async ValueTask<RpcResult<LookUpRecordsResponse>> LookUpRecordsAsync(LookUpRecordsRequest request, RpcCall call)
    {
        if (FaultsOf(request) is { Count: > 0 } faults)
            return RefusalStatus.Of(Refusal.InvalidFields(faults));
        UInt128[] uuids = [.. request.Uuids.Select(UuidOf)];
        ReadScope reader = ReadGate.ScopeOf(call);
        var view = new RecordView(reader, RecordQuestion.Everything, catalog);
        IReadOnlyDictionary<UInt128, CountedRecord> found = await store.Records.FindAsync(
            [.. uuids.Where(uuid => uuid != UInt128.Zero).Distinct()], call.CancellationToken);
        IReadOnlyDictionary<string, IReadOnlyList<Ledger.RejectedRecord>> rejected =
            await store.Rejections.FindAsync([.. request.Uuids.Distinct()], call.CancellationToken);
        var names = new RejectionNames(catalog.Current, reader);
        RejectedScope? scope = RejectedScopes.Of(reader, names.Catalog);
        var answer = new LookUpRecordsResponse();
        for (int place = 0; place < uuids.Length; place++)
        {
            string uuid = request.Uuids[place];
            RecordLookUp lookUp = found.TryGetValue(uuids[place], out CountedRecord record)
                ? Describe(uuid, record, view)
                : new RecordLookUp { Uuid = uuid };
            if (rejected.TryGetValue(RejectedText.KeyOf(uuid), out IReadOnlyList<Ledger.RejectedRecord>? rejections))
                AddRejections(lookUp, rejections.Where(rejection => scope is null || scope.Covers(rejection)), record, names);
            answer.Records.Add(lookUp);
        }

        return answer;
    }

    private static void AddRejections(
        RecordLookUp lookUp, IEnumerable<Ledger.RejectedRecord> rejections, in CountedRecord counted, RejectionNames names)
    {
        foreach (Ledger.RejectedRecord rejection in rejections)
        {
            lookUp.Rejections.Add(RejectionMessages.Of(rejection, lookUp.State == State.Accepted, names));
            if (rejection.Reason == Verdict.Duplicate)
                lookUp.Conflicts.Add(RejectionMessages.ConflictOf(rejection, lookUp.Record is null ? null : counted, names.Catalog));
        }

        if (lookUp.State == State.NeverSeen && lookUp.Rejections.Count > 0)
            lookUp.State = State.Rejected;
    }

    // Of a record whose archive is elsewhere, nobody knows whose it is. That its uuid was counted, any Write with it tells.
    private static RecordLookUp Describe(string uuid, in CountedRecord record, RecordView view)
    {
        if (record.IsAway)
            return new RecordLookUp { Uuid = uuid, State = State.Accepted };
        return view.Find(record) is { } series
            ? new RecordLookUp { Uuid = uuid, State = State.Accepted, Record = RecordMessages.Describe(new SeenRecord(record, series), view) }
            : new RecordLookUp { Uuid = uuid };
    }

    private static List<FieldFault> FaultsOf(LookUpRecordsRequest request)
    {
        var faults = new List<FieldFault>();
        if (request.Uuids.Count is 0 or > Limits.LookUpUuids)
            faults.Add(new("uuids", $"has {request.Uuids.Count} entries; 1 to {Limits.LookUpUuids} are allowed"));
        for (int place = 0; place < request.Uuids.Count && place < Limits.LookUpUuids; place++)
        {
            if (request.Uuids[place].Length > Limits.UuidCharacters)
                faults.Add(new($"uuids[{place}]", $"has {request.Uuids[place].Length} characters; at most {Limits.UuidCharacters} are allowed"));
        }

        return faults;
    }

    // The nil uuid, nobody's, for what is none.
    private static UInt128 UuidOf(string text) =>
        RecordUuid.TryParse(Encoding.UTF8.GetBytes(text), out UInt128 uuid) ? uuid : UInt128.Zero;
}
