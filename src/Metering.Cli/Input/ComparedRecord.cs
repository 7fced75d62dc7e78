using System.Globalization;
using Google.Protobuf.WellKnownTypes;

namespace Metering.Cli;

/// <summary>A record of either side of a comparison, as a line that sorts by uuid.</summary>
internal readonly record struct ComparedRecord(string Uuid, string SkuId, string Quantity, string Timestamp)
{
    private const char Separator = '\t'; // no field holds one

    /// <summary>Makes it from a record's fields.</summary>
    public static ComparedRecord Of(string uuid, string skuId, long quantity, Timestamp timestamp) =>
        new(uuid.ToLowerInvariant(), skuId, quantity.ToString(CultureInfo.InvariantCulture), ArchiveReport.TimeOf(timestamp));

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    public static ComparedRecord Parse(string line)
    {
        string[] fields = line.Split(Separator);
        return new ComparedRecord(fields[0], fields[1], fields[2], fields[3]);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(Separator, Uuid, SkuId, Quantity, Timestamp);
}

/// <summary>What is not alike.</summary>
internal enum DifferenceKind
{
    /// <summary>In the file, but not counted.</summary>
    NotCounted,

    /// <summary>Counted, but not in the file.</summary>
    NotInFile,

    /// <summary>In both, with other fields.</summary>
    Differs,
}

/// <summary>A uuid whose records are not alike.</summary>
internal readonly record struct RecordDifference(DifferenceKind Kind, ComparedRecord? InFile, ComparedRecord? Counted)
{
    /// <summary>The uuid.</summary>
    public string Uuid => (InFile ?? Counted)!.Value.Uuid;

    /// <summary>The kind, as reports name it.</summary>
    public string Name => Kind switch
    {
        DifferenceKind.NotCounted => "NOT_COUNTED",
        DifferenceKind.NotInFile => "NOT_IN_FILE",
        _ => "DIFFERS",
    };

    /// <summary>The differences of two sorted lists. A record that is in the file several times, alike, is one.</summary>
    public static IEnumerable<RecordDifference> Between(IEnumerable<string> inFile, IEnumerable<string> counted)
    {
        using IEnumerator<ComparedRecord> file = inFile.WithoutRepetition().Select(ComparedRecord.Parse).GetEnumerator();
        using IEnumerator<ComparedRecord> ledger = counted.Select(ComparedRecord.Parse).GetEnumerator();
        (bool isFile, bool isLedger) = (file.MoveNext(), ledger.MoveNext());
        ComparedRecord? matched = null; // the same uuid may be in the file again, with other fields
        while (isFile || isLedger)
        {
            int order = !isFile ? 1 : !isLedger ? -1 : string.CompareOrdinal(file.Current.Uuid, ledger.Current.Uuid);
            if (order == 0 && file.Current != ledger.Current)
                yield return new RecordDifference(DifferenceKind.Differs, file.Current, ledger.Current);
            else if (order < 0 && file.Current.Uuid != matched?.Uuid)
                yield return new RecordDifference(DifferenceKind.NotCounted, file.Current, null);
            else if (order < 0 && file.Current != matched)
                yield return new RecordDifference(DifferenceKind.Differs, file.Current, matched);
            else if (order > 0)
                yield return new RecordDifference(DifferenceKind.NotInFile, null, ledger.Current);
            if (order == 0)
                matched = ledger.Current;
            if (order <= 0)
                isFile = file.MoveNext();
            if (order >= 0)
                isLedger = ledger.MoveNext();
        }
    }
}

/// <summary>Sorted lines.</summary>
internal static class SortedLinesExtensions
{
    /// <summary>Without those that are the same as the one before.</summary>
    public static IEnumerable<string> WithoutRepetition(this IEnumerable<string> lines)
    {
        string? before = null;
        foreach (string line in lines)
        {
            if (line != before)
                yield return line;
            before = line;
        }
    }
}
