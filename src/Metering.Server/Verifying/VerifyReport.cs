namespace Metering.Server;

/// <summary>How far the verification of a ledger that no server has open came.</summary>
/// <param name="Checking">What it reads at the moment, in words.</param>
/// <param name="Done">How many of them it has read.</param>
/// <param name="Of">How many there are; 0 when nobody knows.</param>
public readonly record struct VerifyStep(string Checking, long Done, long Of);

/// <summary>What was found in a ledger that no server has open.</summary>
/// <param name="File">The ledger's file, absolute.</param>
/// <param name="Records">Records read, those in archives included.</param>
/// <param name="Differences">Each difference in words, the first hundred; none when the ledger is sound.</param>
/// <param name="AbsentArchives">Files of archives that are not there: their records were not read.</param>
public sealed record VerifyReport(string File, long Records, IReadOnlyList<string> Differences, IReadOnlyList<string> AbsentArchives);
