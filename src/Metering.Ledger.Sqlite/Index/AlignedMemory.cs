using System.Runtime.InteropServices;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// Zeroed memory that begins at a cache line, outside of the garbage collector's heap: what the index keeps is large,
/// long-lived and looked at in single cache lines. Whoever disposes it makes sure that nobody reads it any more.
/// </summary>
internal sealed unsafe class AlignedMemory : IDisposable
{
    /// <summary>Bytes of a cache line.</summary>
    public const int LineBytes = 64;

    private void* _allocation;

    /// <summary>Takes memory; its pages cost nothing until they are written.</summary>
    /// <param name="bytes">Length.</param>
    /// <param name="isSoonFull">All of it will be written soon, so that large pages waste nothing.</param>
    public AlignedMemory(long bytes, bool isSoonFull)
    {
        Bytes = bytes;
        _allocation = NativeMemory.AllocZeroed((nuint)bytes + LineBytes);
        Start = (byte*)(((nuint)_allocation + LineBytes - 1) & ~(nuint)(LineBytes - 1));
        if (isSoonFull)
            LargePages.Want(Start, bytes);
    }

    /// <summary>The first byte, at the beginning of a cache line.</summary>
    public byte* Start { get; private set; }

    /// <summary>Length.</summary>
    public long Bytes { get; }

    /// <summary>Makes all of it zero again.</summary>
    public void Clear() => NativeMemory.Clear(Start, (nuint)Bytes);

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.Free(_allocation);
        _allocation = null;
        Start = null;
    }
}
