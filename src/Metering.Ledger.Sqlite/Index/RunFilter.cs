using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// Says of nearly every key that is not in a run that it is not, looking at one cache line; a "maybe" is looked up.
/// The keys' range is cut into as many parts as there are blocks, and each part into 32 buckets. A block of 512 bits holds,
/// for each bucket, its number of keys in unary (so many ones, then a zero) and then, sorted, a few bits of each key:
/// as many as there is room for, the first keys one more than the others. The last byte is the number of keys, or 255: there are too many, say always "maybe".
/// </summary>
/// <remarks>
/// At 14 bits a key about 1 of 1,400 keys that are not in the run is a "maybe"; a Bloom filter of one cache line a look-up
/// would give about four times as many. It is made in one pass, because keys are written in order.
/// </remarks>
internal sealed unsafe class RunFilter : IDisposable
{
    /// <summary>Bits of memory for each key, on average.</summary>
    public const int BitsPerKey = 14;

    /// <summary>Bytes of a block: a cache line.</summary>
    public const int BlockBytes = AlignedMemory.LineBytes;

    private const int Buckets = 32;
    private const int BucketBits = 5;
    private const int CountByte = BlockBytes - 1;
    private const int UsableBits = CountByte * 8;
    private const int MostKeys = (2 * 64) - Buckets; // the unary numbers stay within two words
    private const byte TooMany = 255;
    private const int WidestRest = 24;

    private static readonly (byte Bits, byte Wider)[] Rests = MakeRests();

    private readonly AlignedMemory _memory;
    private readonly byte* _start;
    private readonly ulong _blocks;

    // While the filter is made: the places of the keys of one block.
    private readonly List<ulong> _places = [];
    private ulong _block;

    /// <summary>An empty filter for so many keys: <see cref="Add"/> them in order, then <see cref="Finish"/>.</summary>
    public RunFilter(long keys)
        : this(new AlignedMemory(BlocksFor(keys) * BlockBytes, isSoonFull: true))
    {
    }

    private RunFilter(AlignedMemory memory)
    {
        _memory = memory;
        _start = memory.Start;
        _blocks = (ulong)memory.Bytes / BlockBytes;
    }

    /// <summary>The filter, as it is stored.</summary>
    public ReadOnlySpan<byte> Part(long start, int length) => new(_memory.Start + start, length);

    /// <summary>Memory taken, in bytes; the same on disk.</summary>
    public long Bytes => _memory.Bytes;

    /// <summary>Blocks for so many keys.</summary>
    public static long BlocksFor(long keys) => Math.Max(1, ((keys * BitsPerKey) + (BlockBytes * 8) - 1) / (BlockBytes * 8));

    /// <summary>A filter that was stored; the memory is the filter's from now on.</summary>
    public static RunFilter Stored(AlignedMemory memory) => new(memory);

    /// <summary>Asks the processor for what <see cref="MayContain"/> will read.</summary>
    /// <param name="upper">The key's upper half.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(ulong upper)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(_start + (Math.BigMul(upper, _blocks, out _) * BlockBytes));
    }

    /// <summary>False when the key is certainly not in the run.</summary>
    /// <param name="upper">The key's upper half.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MayContain(ulong upper)
    {
        byte* block = _start + (Math.BigMul(upper, _blocks, out ulong place) * BlockBytes);
        int keys = block[CountByte];
        if (keys is 0 or TooMany)
            return keys != 0;
        int bucket = (int)(place >> (64 - BucketBits));
        (int start, int end) = OnesOf(bucket, (ulong*)block);
        int index = start - bucket;
        (int bits, int wider) = Rests[keys];
        int bit = keys + Buckets + (index * bits) + Math.Min(index, wider);
        ulong rest = place << BucketBits;

        // Mostly there are no more than two: looking at both, there or not, is faster than asking how many there are.
        int width = index < wider ? bits + 1 : bits;
        int nextWidth = index + 1 < wider ? bits + 1 : bits;
        bool isFirst = (end > start) & (Read(block, bit, width) == rest >> (64 - width));
        bool isSecond = (end > start + 1) & (Read(block, bit + width, nextWidth) == rest >> (64 - nextWidth));
        return (isFirst | isSecond) || (end > start + 2 && IsAmong(block, index + 2, end - start - 2, bit + width + nextWidth, rest, keys));
    }

    /// <summary>Adds a key; keys come in order.</summary>
    public void Add(UInt128 key)
    {
        ulong block = Math.BigMul((ulong)(key >> 64), _blocks, out ulong place);
        if (block != _block)
            EndBlock();
        _block = block;
        _places.Add(place);
    }

    /// <summary>The last key was added.</summary>
    public void Finish()
    {
        EndBlock();
        _places.TrimExcess();
    }

    /// <inheritdoc/>
    public void Dispose() => _memory.Dispose();

    private void EndBlock()
    {
        byte* block = _memory.Start + (_block * BlockBytes);
        int keys = _places.Count;
        if (keys > MostKeys)
        {
            block[CountByte] = TooMany;
        }
        else if (keys > 0)
        {
            block[CountByte] = (byte)keys;
            (int bits, int wider) = Rests[keys];
            int bit = keys + Buckets;
            for (int index = 0; index < keys; index++)
            {
                // The ones of earlier keys and the zeros of earlier buckets come before this key's one.
                int one = index + (int)(_places[index] >> (64 - BucketBits));
                block[one >> 3] |= (byte)(1 << (one & 7));
                int width = index < wider ? bits + 1 : bits;
                Write(block, bit, (_places[index] << BucketBits) >> (64 - width));
                bit += width;
            }
        }

        _places.Clear();
    }

    // Reads and writes stay within the block: the word that begins at the last possible byte ends with it. What is read
    // beyond the last key means nothing, and is not looked at.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Read(byte* block, int bit, int bits)
    {
        int start = Math.Min(bit >> 3, BlockBytes - sizeof(ulong));
        return (Unsafe.ReadUnaligned<ulong>(block + start) >> (bit - (start * 8))) & ((1UL << bits) - 1);
    }

    private static void Write(byte* block, int bit, ulong value)
    {
        int start = Math.Min(bit >> 3, BlockBytes - sizeof(ulong));
        Unsafe.WriteUnaligned(block + start, Unsafe.ReadUnaligned<ulong>(block + start) | (value << (bit - (start * 8))));
    }

    private static bool IsAmong(byte* block, int index, int count, int bit, ulong rest, int keys)
    {
        (int bits, int wider) = Rests[keys];
        for (int end = index + count; index < end; index++)
        {
            int width = index < wider ? bits + 1 : bits;
            if (Read(block, bit, width) == rest >> (64 - width))
                return true;
            bit += width;
        }

        return false;
    }

    // Where a bucket's ones begin and end: between the zero of the bucket before and its own.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (int Start, int End) OnesOf(int bucket, ulong* words)
    {
        ulong zeros = ~words[0];
        int inLower = BitOperations.PopCount(zeros);
        if (bucket < inLower)
        {
            int end = SelectOne(zeros, bucket);
            return (64 - BitOperations.LeadingZeroCount(zeros & ((1UL << end) - 1)), end);
        }

        int upperEnd = SelectOne(~words[1], bucket - inLower);
        ulong before = ~words[1] & ((1UL << upperEnd) - 1);
        int start = before != 0 ? 128 - BitOperations.LeadingZeroCount(before) : 64 - BitOperations.LeadingZeroCount(zeros);
        return (start, 64 + upperEnd);
    }

    // The place of the one with this number, counted from the lowest.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int SelectOne(ulong word, int number)
    {
        if (Bmi2.X64.IsSupported)
            return BitOperations.TrailingZeroCount(Bmi2.X64.ParallelBitDeposit(1UL << number, word));
        for (; number > 0; number--)
            word &= word - 1;
        return BitOperations.TrailingZeroCount(word);
    }

    // For each number of keys: bits of a key beside its bucket, and how many keys have one more.
    private static (byte Bits, byte Wider)[] MakeRests()
    {
        var rests = new (byte, byte)[MostKeys + 1];
        for (int keys = 1; keys <= MostKeys; keys++)
        {
            (int bits, int left) = Math.DivRem(UsableBits - Buckets - keys, keys);
            rests[keys] = bits < WidestRest ? ((byte)bits, (byte)left) : ((byte)WidestRest, (byte)0);
        }

        return rests;
    }
}
