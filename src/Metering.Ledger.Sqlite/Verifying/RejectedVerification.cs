using System.Buffers.Binary;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// Proves that the rejected records are whole: each row by its checksum, what stands beside it, the numbers of the rows, the
/// counts of all of them, and the counts of rejections by owner, reason and hour, as far as the records of them are kept. All of
/// it is looked at in one state, which is short: how many bytes there are is bounded.
/// </summary>
internal sealed class RejectedVerification(Database database, long countsMaximum, Findings findings, VerificationCount count)
{
    private readonly List<RejectedRecord> _ofRow = [];

    /// <summary>Reads everything.</summary>
    public void Run(CancellationToken cancellationToken) => findings.TryInOneState(database, "the rejected records", () =>
    {
        RejectedCounts counts = ReadCounts();
        int passes = (int)Math.Max(1, (counts.Records + countsMaximum - 1) / countsMaximum);
        count.Begin("rejected records", counts.Records * passes);
        for (int pass = 0; pass < passes; pass++)
        {
            var looked = new RejectedCountPass(pass, passes);
            RejectedCounts found = ReadRows(looked, isFirst: pass == 0, cancellationToken);
            if (pass == 0)
                Compare(counts, found);
            looked.Compare(database, findings.Tell);
        }
    });

    private RejectedCounts ReadCounts()
    {
        using Statement row = database.Prepare("SELECT last_number, records, bytes FROM rejected_count WHERE id = 1");
        return row.Step()
            ? new RejectedCounts(row.Number(0), row.Number(1), row.Number(2))
            : throw new StoreException("The counts of rejected records are missing. Restore the ledger from a backup.");
    }

    private RejectedCounts ReadRows(RejectedCountPass pass, bool isFirst, CancellationToken cancellationToken)
    {
        using Statement rows = database.Prepare("""
            SELECT number, records, length(fingerprints) + length(body), first_received_unix_nanoseconds, last_received_unix_nanoseconds,
              fingerprints, body
            FROM rejected_batch ORDER BY number
            """);
        long before = 0, records = 0, bytes = 0;
        for (; rows.Step(); before = rows.Number(0))
        {
            cancellationToken.ThrowIfCancellationRequested();
            long number = rows.Number(0);
            if (isFirst && before > 0 && number != before + 1)
                findings.Tell($"The rejected records of {Rows(before + 1, number - 1)} are missing: the oldest go first, and never some between others.");
            (records, bytes) = (records + rows.Number(1), bytes + rows.Number(2));
            if (!TryRead(rows, isFirst))
                pass.IsWhole = false;
            foreach (RejectedRecord record in _ofRow)
                pass.Add(record);
            count.Add(rows.Number(1));
        }

        return new RejectedCounts(before, records, bytes);
    }

    private bool TryRead(Statement row, bool isFirst)
    {
        _ofRow.Clear();
        try
        {
            RejectedReader.Read(row.Number(0), row.Bytes(6), _ofRow);
        }
        catch (StoreException damage)
        {
            _ofRow.Clear();
            if (isFirst)
                findings.Tell(damage.Message);
            return false;
        }

        if (isFirst && Beside(row) is { } difference)
            findings.Tell($"What is kept beside the rejected records of row {row.Number(0)} is not theirs: {difference}. They themselves are whole.");
        return true;
    }

    // What searches go by before they read the records themselves.
    private string? Beside(Statement row)
    {
        long first = _ofRow.Min(record => record.ReceivedUnixNanoseconds), last = _ofRow.Max(record => record.ReceivedUnixNanoseconds);
        return row.Number(1) != _ofRow.Count ? $"it says {row.Number(1)} records, and they are {_ofRow.Count}"
            : row.Number(3) != first || row.Number(4) != last
                ? $"it says that they were received from {row.Number(3)} to {row.Number(4)} ns, and they were from {first} to {last} ns"
            : !AreTheirs(row.Bytes(5)) ? "their uuids are not found by what it holds"
            : null;
    }

    private bool AreTheirs(ReadOnlySpan<byte> fingerprints)
    {
        Span<byte> text = stackalloc byte[Limits.RejectedTextBytes];
        for (int place = 0; place < _ofRow.Count; place++)
        {
            if (_ofRow[place].Uuid.Contains('\uFFFD', StringComparison.Ordinal))
                continue; // perhaps what was sent was no text: its bytes are not known any more
            int length = System.Text.Encoding.UTF8.GetBytes(_ofRow[place].Uuid, text);
            uint stored = BinaryPrimitives.ReadUInt32LittleEndian(fingerprints[(place * RejectedBody.FingerprintBytes)..]);
            if (stored != RejectedBody.FingerprintOf(text[..length]))
                return false;
        }

        return true;
    }

    private void Compare(RejectedCounts kept, RejectedCounts found)
    {
        if (found.Records > 0 && found.LastNumber != kept.LastNumber)
            findings.Tell($"The last row of rejected records is {found.LastNumber}, but {kept.LastNumber} was given to one.");
        if ((kept.Records, kept.Bytes) != (found.Records, found.Bytes))
        {
            findings.Tell($"The count of rejected records is {kept.Records} in {kept.Bytes} bytes, but the rows give {found.Records} in {found.Bytes} bytes.");
        }
    }

    private static string Rows(long first, long last) => first == last ? $"row {first}" : $"rows {first} to {last}";

    /// <summary>What is kept of all rows together.</summary>
    private readonly record struct RejectedCounts(long LastNumber, long Records, long Bytes);
}
