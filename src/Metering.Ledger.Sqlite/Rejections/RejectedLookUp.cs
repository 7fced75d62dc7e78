using System.Buffers.Binary;
using System.Collections;
using System.Text;

namespace Metering.Ledger.Sqlite;

/// <summary>Finds rejected records by uuid: through the fingerprints of all rows, and then through the few rows that they lead to.</summary>
internal static class RejectedLookUp
{
    private const int FilterBits = 1 << 16;

    /// <summary>Finds them, newest first.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<RejectedRecord>> Run(
        StoreFile file, IReadOnlyCollection<string> uuids, CancellationToken cancellationToken)
    {
        var wanted = new HashSet<string>(uuids.Select(RejectedText.KeyOf));
        var fingerprints = new HashSet<uint>(wanted.Select(uuid => RejectedBody.FingerprintOf(RejectedText.Cut(Encoding.UTF8.GetBytes(uuid)))));
        var filter = new BitArray(FilterBits); // says of nearly all at once that they are not wanted
        foreach (uint fingerprint in fingerprints)
            filter[(int)(fingerprint % FilterBits)] = true;

        using Database database = file.Connect(forWriting: false);
        using Statement rows = database.Prepare("SELECT number, fingerprints, body FROM rejected_batch ORDER BY number DESC");
        var found = new Dictionary<string, IReadOnlyList<RejectedRecord>>();
        var ofRow = new List<RejectedRecord>();
        while (rows.Step())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!IsAnyWanted(rows.Bytes(1), filter, fingerprints))
                continue;
            ofRow.Clear();
            RejectedReader.Read(rows.Number(0), rows.Bytes(2), ofRow);
            for (int index = ofRow.Count - 1; index >= 0; index--)
                Add(ofRow[index], wanted, found);
        }

        return found;
    }

    private static void Add(RejectedRecord record, HashSet<string> wanted, Dictionary<string, IReadOnlyList<RejectedRecord>> found)
    {
        string key = RejectedText.KeyOf(record.Uuid);
        if (!wanted.Contains(key))
            return;
        if (!found.TryGetValue(key, out IReadOnlyList<RejectedRecord>? records))
            found.Add(key, records = new List<RejectedRecord>());
        if (records.Count < Limits.RejectionsPerUuid)
            ((List<RejectedRecord>)records).Add(record);
    }

    private static bool IsAnyWanted(ReadOnlySpan<byte> fingerprints, BitArray filter, HashSet<uint> wanted)
    {
        for (; fingerprints.Length >= RejectedBody.FingerprintBytes; fingerprints = fingerprints[RejectedBody.FingerprintBytes..])
        {
            uint fingerprint = BinaryPrimitives.ReadUInt32LittleEndian(fingerprints);
            if (filter[(int)(fingerprint % FilterBits)] && wanted.Contains(fingerprint))
                return true;
        }

        return false;
    }
}
