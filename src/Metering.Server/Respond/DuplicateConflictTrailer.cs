using Google.Protobuf;
using Metering.Contracts.V1;
using Metering.Grpc;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// Tells the sender, beside the verdicts, which duplicates differ from what was counted: a binary trailer over gRPC, a header with
/// JSON over REST. What does not fit is said to be left out.
/// </summary>
internal static class DuplicateConflictTrailer
{
    /// <summary>The trailer's name over gRPC.</summary>
    public const string TrailerName = "metering-duplicate-conflicts-bin";

    /// <summary>The header's name over REST.</summary>
    public const string HeaderName = "metering-duplicate-conflicts";

    private const int EntryBytes = 32; // what HTTP/2 counts for a header beside its name and value
    private const int OtherTrailerBytes = 448; // left for a warning of the sender's clock, which may come with it

    private static readonly JsonFormatter Json = new(JsonFormatter.Settings.Default);

    /// <summary>Adds the trailer.</summary>
    public static void Add(
        RpcCall call, UsageWrite write, IReadOnlyList<DuplicateDifference> differences, ReadScope scope, CatalogSnapshot catalog)
    {
        bool isGrpc = call.HttpContext.Request.ContentType?.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase) == true;
        int room = RpcCall.TrailerBytesMaximum - OtherTrailerBytes - EntryBytes - TrailerName.Length;
        var conflicts = new DuplicateConflicts { LeftOut = differences.Count };
        foreach (DuplicateDifference difference in differences)
        {
            conflicts.Conflicts.Add(Describe(write, difference, scope, catalog));
            conflicts.LeftOut--;
            if (LengthOf(conflicts, isGrpc) <= room)
                continue;
            conflicts.Conflicts.RemoveAt(conflicts.Conflicts.Count - 1);
            conflicts.LeftOut = differences.Count - conflicts.Conflicts.Count;
            break;
        }

        if (isGrpc)
            call.AddTrailer(TrailerName, conflicts.ToByteArray());
        else
            call.AddTrailer(HeaderName, Json.Format(conflicts));
    }

    private static DuplicateConflict Describe(UsageWrite write, DuplicateDifference difference, ReadScope scope, CatalogSnapshot catalog)
    {
        CountedRecord counted = difference.Counted;
        return RejectionMessages.ConflictOf(
            Ledger.RejectedRecord.Of(write, difference.Place, difference.Differences),
            scope.Covers(counted.OwnerKey, counted.SkuKey, catalog) ? counted : null, catalog);
    }

    // JSON is measured after the last one is left out too, which takes a few characters more; hence the figure that has most digits.
    private static int LengthOf(DuplicateConflicts conflicts, bool isGrpc)
    {
        if (isGrpc)
            return ((conflicts.CalculateSize() + 2) * 4 / 3) + 2;
        var longest = new DuplicateConflicts(conflicts) { LeftOut = Limits.RecordsPerWrite };
        return Json.Format(longest).Length;
    }
}
