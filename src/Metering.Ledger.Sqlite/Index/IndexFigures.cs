namespace Metering.Ledger.Sqlite;

/// <summary>What the index takes and does, in numbers.</summary>
/// <param name="Runs">Runs that there are.</param>
/// <param name="SealedUuids">Uuids in them.</param>
/// <param name="SealedMemoryBytes">Memory for their filters and directories.</param>
/// <param name="DiskBytes">Length of their files.</param>
/// <param name="RecentMemoryBytes">Memory for the uuids that are not sealed yet.</param>
/// <param name="Searched">Look-ups on disk.</param>
/// <param name="Found">Those that found something; the others were a filter's mistakes.</param>
/// <param name="Waits">Times that the writer had to wait for sealing.</param>
public sealed record IndexFigures(
    int Runs, long SealedUuids, long SealedMemoryBytes, long DiskBytes, long RecentMemoryBytes, long Searched, long Found, long Waits);
