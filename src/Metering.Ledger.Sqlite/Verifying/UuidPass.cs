using System.Runtime.CompilerServices;

namespace Metering.Ledger.Sqlite;

/// <summary>The uuids that one pass of a verification looks at: a share of all, so that they fit into memory.</summary>
internal sealed class UuidPass(int pass, int passes, Action<string> tell)
{
    private readonly UuidSet _uuids = new();

    /// <summary>Takes up a record's uuid, if it is one of this pass, and tells of one that came before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a verification is half over before the runtime would have come to it
    public void Add(UInt128 uuid, long batch)
    {
        if ((passes == 1 || (int)((ulong)(uuid ^ (uuid >> 64)) % (ulong)passes) == pass) && !_uuids.Add(uuid))
            tell($"Batch {batch}: the record {RecordUuid.Format(uuid)} is counted a second time.");
    }
}
