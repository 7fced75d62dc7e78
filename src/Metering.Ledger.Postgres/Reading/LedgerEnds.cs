namespace Metering.Ledger.Postgres;

/// <summary>How far a writer is.</summary>
/// <param name="Number">Number of its last group; 0 when there is none.</param>
/// <param name="IsEnded">There will be no other.</param>
/// <param name="FirstAcceptedUnixNanoseconds">No record in its first group was accepted later.</param>
/// <param name="AcceptedUnixNanoseconds">No record in any of its groups was accepted later.</param>
internal readonly record struct WriterEnd(long Number, bool IsEnded, long FirstAcceptedUnixNanoseconds, long AcceptedUnixNanoseconds);

/// <summary>How far all writers of a ledger were, at least, when somebody looked. Every group up to there is durable.</summary>
/// <param name="ledger">The ledger's number.</param>
/// <param name="writers">Of each writer from 0 on, where it was.</param>
internal sealed class LedgerEnds(Guid ledger, WriterEnd[] writers)
{
    /// <summary>Before anybody looked.</summary>
    public static readonly LedgerEnds Unknown = new(Guid.Empty, []);

    /// <summary>The ledger's number.</summary>
    public Guid Ledger => ledger;

    /// <summary>Number of writers that there have been; their own numbers are below it.</summary>
    public long Writers => writers.Length;

    /// <summary>No record was accepted later.</summary>
    public long AcceptedUnixNanoseconds => writers.Length == 0 ? 0 : writers.Max(writer => writer.AcceptedUnixNanoseconds);

    /// <summary>Where a writer was.</summary>
    public WriterEnd this[long writer] => writers[writer];
}
