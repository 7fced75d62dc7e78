using System.Runtime.CompilerServices;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// Looks many keys up in one run: the filter first, some keys ahead of the answer, then the few that remain in the order
/// of their chunks, so that each chunk is read once. Its buffers are kept for the next time.
/// </summary>
internal sealed class RunSearch
{
    private const int KeysAhead = 32;

    private ulong[] _places = new ulong[64];
    private int[] _numbers = new int[64];
    private byte[] _chunkBytes = new byte[16 * 1024];
    private int _count;

    /// <summary>Keys that a filter let through, and that were looked for on disk.</summary>
    public long Searched { get; private set; }

    /// <summary>Those of them that were there.</summary>
    public long Found { get; private set; }

    /// <summary>Sets the batch of every key that the run has.</summary>
    /// <exception cref="RunDamageException">What should be read is damaged.</exception>
    public void Find(Run run, ReadOnlySpan<UInt128> keys, Span<long> batches)
    {
        Filter(run.Filter, keys, batches);
        Array.Sort(_places, _numbers, 0, _count);
        Searched += _count;
        var codec = new RunEntryCodec(run.Header);
        int read = -1;
        for (int place = 0; place < _count; place++)
        {
            int number = _numbers[place];
            int chunk = codec.ChunkOf(keys[number]);
            if (chunk != read)
                run.ReadChunks(chunk, 1, ref _chunkBytes);
            read = chunk;
            batches[number] = Find(codec, run.EntriesIn(chunk), keys[number]);
            if (batches[number] != 0)
                Found++;
        }
    }

    private void Filter(RunFilter filter, ReadOnlySpan<UInt128> keys, Span<long> batches)
    {
        if (_places.Length < keys.Length)
        {
            _places = new ulong[keys.Length * 2];
            _numbers = new int[keys.Length * 2];
        }

        _count = 0;
        for (int number = 0; number < Math.Min(KeysAhead, keys.Length); number++)
            filter.Prefetch(Upper(keys, number));
        for (int number = 0; number < keys.Length; number++)
        {
            if (number + KeysAhead < keys.Length)
                filter.Prefetch(Upper(keys, number + KeysAhead));
            ulong upper = Upper(keys, number);
            if (!filter.MayContain(upper) || batches[number] != 0)
                continue;
            _places[_count] = upper;
            _numbers[_count++] = number;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Upper(ReadOnlySpan<UInt128> keys, int number) => (ulong)(keys[number] >> 64);

    // Keys are uniform, so the guess is near; from there it walks.
    private long Find(RunEntryCodec codec, int entries, UInt128 key)
    {
        if (entries == 0)
            return 0;
        ulong upper = codec.UpperOf(key);
        int entry = codec.Guess(upper, entries);
        while (entry > 0 && codec.Upper(ref At(codec, entry)) >= upper)
            entry--;
        for (; entry < entries; entry++)
        {
            ref byte at = ref At(codec, entry);
            ulong found = codec.Upper(ref at);
            if (found > upper)
                return 0;
            if (found == upper && codec.Lower(ref at) == (ulong)key)
                return codec.Batch(ref at);
        }

        return 0;
    }

    private ref byte At(RunEntryCodec codec, int entry) => ref _chunkBytes[entry * codec.EntryBytes];
}
