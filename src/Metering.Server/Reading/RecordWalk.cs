using Metering.Ledger;

namespace Metering.Server;

/// <summary>A record that a caller may see, with its names.</summary>
internal readonly record struct SeenRecord(CountedRecord Record, RecordSeries Series);

/// <summary>What a step came upon.</summary>
/// <param name="Records">The records, in the order of commits.</param>
/// <param name="Next">The place after them and after everything that was looked at.</param>
/// <param name="IsEnd">There was no more.</param>
internal sealed record WalkStep(IReadOnlyList<SeenRecord> Records, LedgerCursor Next, bool IsEnd);

/// <summary>Goes through the ledger's records in steps of bounded work, for one caller.</summary>
internal sealed class RecordWalk(IRecordReader records, RecordView view)
{
    /// <summary>Records that are read together when some are left out.</summary>
    public const int ChunkRecords = 2_000;

    private const int BytesBesideNames = 160; // of a record's message, at most

    /// <summary>Where to begin: at the place given or, without one, where the first record is that may be asked for.</summary>
    public async Task<LedgerCursor> BeginAsync(LedgerCursor after, CancellationToken cancellationToken) =>
        after.IsStart && view.Question.AcceptedFrom is { } moment ? await records.SeekAsync(moment, cancellationToken) : after;

    /// <summary>Goes on until there are enough records, or enough was looked at, or there is no more.</summary>
    /// <param name="after">The place.</param>
    /// <param name="wanted">Most records; at least 1.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="UnknownCursorException">The ledger never gave this place.</exception>
    public async Task<WalkStep> StepAsync(LedgerCursor after, int wanted, CancellationToken cancellationToken)
    {
        var seen = new List<SeenRecord>();
        LedgerCursor place = after;
        long bytes = 0;
        for (int lookedAt = 0; lookedAt < Limits.RecordsLookedAt;)
        {
            int chunk = view.IsEverything ? Math.Min(wanted - seen.Count, ChunkRecords) : ChunkRecords;
            RecordPage page = await records.ReadAsync(place, chunk, cancellationToken);
            int taken = 0;
            for (; taken < page.Records.Count && seen.Count < wanted && bytes < Limits.RecordPageBytes; taken++)
            {
                CountedRecord record = page.Records[taken];
                if (view.Find(record) is not { } series)
                    continue;
                seen.Add(new SeenRecord(record, series));
                bytes += series.NameBytes + BytesBesideNames;
            }

            if (taken < page.Records.Count)
                return new WalkStep(seen, await PlaceAfterAsync(place, taken, cancellationToken), false);
            place = page.Next;
            lookedAt += taken;
            if (page.IsEnd || await IsPastAsync(page, cancellationToken))
                return new WalkStep(seen, place, true);
            if (seen.Count >= wanted || bytes >= Limits.RecordPageBytes)
                break;
        }

        return new WalkStep(seen, place, false);
    }

    /// <summary>Whether nothing that is asked for can come after these records.</summary>
    public async Task<bool> IsPastAsync(RecordPage page, CancellationToken cancellationToken) =>
        page.Records.Count > 0 && view.Question.EndsBefore(page.Records[^1].AcceptedUnixNanoseconds)
        && !await records.IsClockSetBackAfterAsync(page.Next, cancellationToken);

    // A place between two records is one that a shorter reading ends at.
    private async Task<LedgerCursor> PlaceAfterAsync(LedgerCursor place, int count, CancellationToken cancellationToken)
    {
        while (count > 0)
        {
            RecordPage page = await records.ReadAsync(place, count, cancellationToken);
            count -= page.Records.Count;
            place = page.Next;
        }

        return place;
    }
}
