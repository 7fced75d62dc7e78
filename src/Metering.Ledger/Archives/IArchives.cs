namespace Metering.Ledger;

/// <summary>
/// Old records in files of their own: they are written out, and dropped from the ledger once the file is proven whole.
/// Totals stay, and so does the knowledge of which uuids were counted: a record that was archived is DUPLICATE for ever.
/// </summary>
public interface IArchives
{
    /// <summary>Where the files are, absolute.</summary>
    string Folder { get; }

    /// <summary>
    /// Archives the oldest records, as many as fit into one file. Until the file is durable, read back and noted in the
    /// ledger, nothing is dropped; who gives up before that changes nothing.
    /// </summary>
    Task<ArchiveAnswer> CreateAsync(ArchiveOrder order, CancellationToken cancellationToken);

    /// <summary>Every archive that the ledger knows of, oldest first, whether its file is there or not.</summary>
    Task<IReadOnlyList<ArchiveEntry>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Reads a file of the folder to its end and proves it whole, and the one that this ledger wrote, if it is said to be.</summary>
    /// <returns>What was found; null when there is no such file.</returns>
    Task<ArchiveInspection?> InspectAsync(string fileName, CancellationToken cancellationToken);

    /// <summary>Reads some of the records of a file of the folder, in commit order. Files of other ledgers can be read, too.</summary>
    /// <returns>The records; null when there is no such file, or no such place in it.</returns>
    /// <exception cref="ArchiveDamageException">The file is not what was written.</exception>
    Task<ArchivePage?> ReadAsync(string fileName, ArchivePosition from, int recordsMaximum, CancellationToken cancellationToken);
}

/// <summary>What is to be archived.</summary>
/// <param name="AcceptedBeforeUnixNanoseconds">Only records that were accepted before this moment.</param>
/// <param name="DryRun">Only says what would be archived.</param>
/// <param name="AfterBatch">For a dry run: only batches after this one; 0 for all.</param>
public readonly record struct ArchiveOrder(long AcceptedBeforeUnixNanoseconds, bool DryRun = false, long AfterBatch = 0);

/// <summary>What became of an order.</summary>
/// <param name="Outcome">Whether there is an archive, and why not.</param>
/// <param name="Archive">What was archived, or would be.</param>
/// <param name="Reason">A refusal in words, for the operator.</param>
public sealed record ArchiveAnswer(ArchiveOutcome Outcome, ArchiveEntry? Archive = null, string Reason = "");

/// <summary>What became of an order.</summary>
public enum ArchiveOutcome
{
    /// <summary>An archive was made, or would be.</summary>
    Archived,

    /// <summary>No records are old enough.</summary>
    NothingOldEnough,

    /// <summary>Refused: an archive is being made or the ledger is being verified; nothing was changed.</summary>
    Busy,

    /// <summary>Refused: the disk has no room for the file; nothing was changed.</summary>
    StorageFull,

    /// <summary>Refused: the disk or the store failed, or holds what it should not.</summary>
    Failed,
}

/// <summary>An archive.</summary>
/// <param name="FileName">The file's name; empty for one that would be made.</param>
/// <param name="FirstBatch">The first group commit in it.</param>
/// <param name="LastBatch">The last one.</param>
/// <param name="Records">Records in it.</param>
/// <param name="Bytes">Length of the file.</param>
/// <param name="FirstAcceptedUnixNanoseconds">When the first of the records was accepted.</param>
/// <param name="LastAcceptedUnixNanoseconds">When the last one was.</param>
/// <param name="Sha256">SHA-256 of the file, in hexadecimal digits; empty for one that would be made.</param>
/// <param name="IsPresent">The file is in the folder. It may be kept elsewhere.</param>
public sealed record ArchiveEntry(
    string FileName,
    long FirstBatch,
    long LastBatch,
    long Records,
    long Bytes,
    long FirstAcceptedUnixNanoseconds,
    long LastAcceptedUnixNanoseconds,
    string Sha256,
    bool IsPresent);

/// <summary>What reading a whole archive found.</summary>
/// <param name="Archive">What it says of itself; null when not even that can be read.</param>
/// <param name="IsNoted">The ledger notes that it wrote this file.</param>
/// <param name="Differences">Each fault in words; empty when it is sound.</param>
public sealed record ArchiveInspection(ArchiveEntry? Archive, bool IsNoted, IReadOnlyList<string> Differences);

/// <summary>A place in an archive, between two records.</summary>
/// <param name="Batch">A batch; 0 for the first.</param>
/// <param name="Offset">Where it begins in the file.</param>
/// <param name="Record">Records of it that come before.</param>
public readonly record struct ArchivePosition(long Batch, long Offset, int Record);

/// <summary>Some records of an archive.</summary>
/// <param name="Records">The records, in commit order.</param>
/// <param name="Names">The catalog's objects that they name, by key, as the catalog knew them when the archive was made.</param>
/// <param name="Next">Where the next ones are; null at the end.</param>
public sealed record ArchivePage(
    IReadOnlyList<CountedRecord> Records, IReadOnlyDictionary<int, CatalogObject> Names, ArchivePosition? Next);

/// <summary>An archive is not what was written. The message names the file and what is wrong with it.</summary>
public sealed class ArchiveDamageException : Exception
{
    /// <summary>Says what is wrong with which file.</summary>
    public ArchiveDamageException(string path, string what, Exception? cause = null)
        : base($"The archive {path} is damaged: {what}. Put a whole copy of it in its place.", cause)
    {
    }
}
