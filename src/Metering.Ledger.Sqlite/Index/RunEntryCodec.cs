using System.Runtime.CompilerServices;

namespace Metering.Ledger.Sqlite;

/// <summary>Puts entries of a run into their bytes and takes them out; see <see cref="RunHeader"/>.</summary>
internal readonly struct RunEntryCodec(RunHeader header)
{
    /// <summary>Bytes that must follow an entry in a buffer: numbers are read and written in whole words.</summary>
    public const int SlackBytes = sizeof(ulong);

    private readonly int _chunkBits = header.ChunkBits;
    private readonly int _upperBytes = header.UpperBytes;
    private readonly long _firstBatch = header.FirstBatch;
    private readonly ulong _upperMask = Mask(header.UpperBytes);
    private readonly ulong _batchMask = Mask(header.BatchBytes);

    /// <summary>Bytes of an entry.</summary>
    public readonly int EntryBytes = header.EntryBytes;

    /// <summary>The chunk where a key belongs.</summary>
    public int ChunkOf(UInt128 key) => _chunkBits == 0 ? 0 : (int)((ulong)(key >> 64) >> (64 - _chunkBits));

    /// <summary>A key's upper half without the chunk's bits.</summary>
    public ulong UpperOf(UInt128 key) => (ulong)(key >> 64) & (ulong.MaxValue >> _chunkBits);

    /// <summary>A number below <paramref name="entries"/> near which a key's entry is: keys are uniform.</summary>
    public int Guess(ulong upper, int entries) => (int)Math.BigMul(upper << _chunkBits, (ulong)entries, out _);

    /// <summary>Writes an entry; the bytes behind it are written over.</summary>
    public void Write(ref byte at, IndexEntry entry)
    {
        Unsafe.WriteUnaligned(ref at, UpperOf(entry.Key));
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref at, _upperBytes), (ulong)entry.Key);
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref at, _upperBytes + sizeof(ulong)), (ulong)(entry.Batch - _firstBatch));
    }

    /// <summary>The entry's upper part.</summary>
    public ulong Upper(ref byte at) => Unsafe.ReadUnaligned<ulong>(ref at) & _upperMask;

    /// <summary>The entry's lower part: the key's lower half.</summary>
    public ulong Lower(ref byte at) => Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref at, _upperBytes));

    /// <summary>The entry's batch.</summary>
    public long Batch(ref byte at) =>
        _firstBatch + (long)(Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref at, _upperBytes + sizeof(ulong))) & _batchMask);

    /// <summary>An entry of a chunk.</summary>
    public IndexEntry Read(ref byte at, int chunk)
    {
        ulong chunkUpper = _chunkBits == 0 ? 0 : (ulong)chunk << (64 - _chunkBits);
        return new IndexEntry(new UInt128(chunkUpper | Upper(ref at), Lower(ref at)), Batch(ref at));
    }

    private static ulong Mask(int bytes) => bytes == sizeof(ulong) ? ulong.MaxValue : (1UL << (bytes * 8)) - 1;
}
