using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Metering.Ledger;

/// <summary>What rejected records of one SKU and reason add up to.</summary>
public struct RejectedSum
{
    /// <summary>Every time that a record was rejected.</summary>
    public long Records;

    /// <summary>Different uuids, each where it was rejected last.</summary>
    public long Uuids;

    /// <summary>Those of the uuids that are accepted.</summary>
    public long AcceptedUuids;

    /// <summary>The quantities of the others, each uuid once, as it was sent last; of duplicates, of all. What is not positive adds nothing.</summary>
    public Int128 QuantityAtRisk;
}

/// <summary>
/// Sums of rejected records, by SKU and reason, newest first as far as they may be gone through. A record that is sent over and
/// over is at risk once, and no more when it was accepted.
/// </summary>
public sealed class RejectedSummary
{
    private readonly IRecordReader _records;
    private readonly Dictionary<(string SkuId, Verdict Reason), RejectedSum> _sums = [];
    private readonly HashSet<(UInt128 Uuid, bool IsDuplicate)> _seen = [];
    private readonly List<(UInt128 Uuid, RejectedRecord Record)> _unknown = []; // uuids of which it is not known yet whether they are accepted

    private RejectedSummary(IRecordReader records) => _records = records;

    /// <summary>The sums.</summary>
    public IReadOnlyDictionary<(string SkuId, Verdict Reason), RejectedSum> Sums => _sums;

    /// <summary>The sums reach back to this moment, in nanoseconds since 1970-01-01T00:00:00Z; null when they are whole.</summary>
    public long? ReachesBackTo { get; private set; }

    /// <summary>Sums up what a question asks for.</summary>
    /// <param name="rejections">The rejected records.</param>
    /// <param name="records">The accepted ones.</param>
    /// <param name="question">The question.</param>
    /// <param name="recordsMaximum">At most so many are summed up.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<RejectedSummary> MakeAsync(
        IRejectedRecords rejections, IRecordReader records, RejectedQuestion question, int recordsMaximum, CancellationToken cancellationToken)
    {
        var summary = new RejectedSummary(records);
        ReadOnlyMemory<byte>? place = ReadOnlyMemory<byte>.Empty;
        int left = recordsMaximum;
        while (place is { } after)
        {
            RejectedPage page = await rejections.SearchAsync(question, after, Math.Min(left, Limits.PageRecords), cancellationToken);
            foreach (RejectedRecord record in page.Records)
                await summary.AddAsync(record, cancellationToken);
            left -= page.Records.Count;
            place = page.Next;
            if (left > 0 || place is null)
                continue;
            summary.ReachesBackTo = page.Records[^1].ReceivedUnixNanoseconds;
            break;
        }

        await summary.AskAsync(cancellationToken);
        return summary;
    }

    private async ValueTask AddAsync(RejectedRecord record, CancellationToken cancellationToken)
    {
        bool isDuplicate = record.Reason == Verdict.Duplicate;
        bool hasUuid = TryReadUuid(record.Uuid, out UInt128 uuid);
        bool isNew = _seen.Add((uuid, isDuplicate));
        Count(record, isNew, isAccepted: isNew && isDuplicate, isAtRisk: isNew && (isDuplicate || !hasUuid));
        if (!isNew || isDuplicate || !hasUuid)
            return;
        _unknown.Add((uuid, record));
        if (_unknown.Count == Limits.LookUpUuids)
            await AskAsync(cancellationToken);
    }

    private void Count(RejectedRecord record, bool isNew, bool isAccepted, bool isAtRisk)
    {
        ref RejectedSum sum = ref CollectionsMarshal.GetValueRefOrAddDefault(_sums, (record.SkuId, record.Reason), out _);
        sum.Records++;
        sum.Uuids += isNew ? 1 : 0;
        sum.AcceptedUuids += isAccepted ? 1 : 0;
        sum.QuantityAtRisk += isAtRisk ? Math.Max(0, record.Quantity) : 0;
    }

    private async ValueTask AskAsync(CancellationToken cancellationToken)
    {
        if (_unknown.Count == 0)
            return;
        IReadOnlyDictionary<UInt128, CountedRecord> accepted =
            await _records.FindAsync([.. _unknown.Select(asked => asked.Uuid)], cancellationToken);
        foreach ((UInt128 uuid, RejectedRecord record) in _unknown)
        {
            ref RejectedSum sum = ref CollectionsMarshal.GetValueRefOrAddDefault(_sums, (record.SkuId, record.Reason), out _);
            if (accepted.ContainsKey(uuid))
                sum.AcceptedUuids++;
            else
                sum.QuantityAtRisk += Math.Max(0, record.Quantity);
        }

        _unknown.Clear();
    }

    // A text that is no uuid is told from others by a part of its SHA-256; it is never accepted.
    private static bool TryReadUuid(string text, out UInt128 uuid)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        if (RecordUuid.TryParse(utf8, out uuid))
            return true;
        uuid = BinaryPrimitives.ReadUInt128BigEndian(SHA256.HashData(utf8));
        return false;
    }
}
