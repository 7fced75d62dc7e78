using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// The keys of the newest batches, in memory, each with its batch: open addressing with linear probing. A key's home is
/// its share of the table (keys are uniform), so that the slots are in the order of their keys but for short distances,
/// and sealing needs no sort.
/// </summary>
/// <remarks>
/// Invariant: from a key's home to its slot there is no free slot (key 0). What was added last can be taken back, in
/// reverse order: nothing that stays has probed past it, so that freeing the slot is all there is to do.
/// </remarks>
internal sealed unsafe class KeyTable : IDisposable
{
    private const int FullestPercent = 80;

    private readonly bool _isSoonFull;
    private AlignedMemory _keyMemory;
    private AlignedMemory _batchMemory;
    private UInt128* _keys;
    private uint* _batches; // less _firstBatch
    private ulong _slots;
    private long _firstBatch;

    /// <summary>A table that does not grow before it has so many keys.</summary>
    /// <param name="keys">How many.</param>
    /// <param name="isSoonFull">There will be so many soon.</param>
    public KeyTable(long keys, bool isSoonFull)
    {
        _isSoonFull = isSoonFull;
        Allocate(keys);
    }

    /// <summary>Keys in the table.</summary>
    public long Count { get; private set; }

    /// <summary>Memory taken, in bytes.</summary>
    public long Bytes => _keyMemory.Bytes + _batchMemory.Bytes;

    /// <summary>Makes the table empty, for batches from this one on.</summary>
    public void Clear(long firstBatch)
    {
        if (Count > 0)
            _keyMemory.Clear();
        Count = 0;
        _firstBatch = firstBatch;
    }

    /// <summary>Makes room for so many more keys; slots move.</summary>
    public void Reserve(long more)
    {
        if (((ulong)(Count + more) * 100) <= _slots * FullestPercent)
            return;
        (AlignedMemory oldKeyMemory, AlignedMemory oldBatchMemory, ulong oldSlots) = (_keyMemory, _batchMemory, _slots);
        UInt128* oldKeys = _keys;
        uint* oldBatches = _batches;
        Allocate((Count + more) * 2);
        for (ulong slot = 0; slot < oldSlots; slot++)
        {
            if (oldKeys[slot] == UInt128.Zero)
                continue;
            ulong home = SlotOf(oldKeys[slot]);
            _keys[home] = oldKeys[slot];
            _batches[home] = oldBatches[slot];
        }

        oldKeyMemory.Dispose();
        oldBatchMemory.Dispose();
    }

    /// <summary>Asks the processor for what a search of this key will read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(UInt128 key)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(_keys + Home(key));
    }

    /// <summary>The batch of a key; 0 when it is not here.</summary>
    public long BatchOf(UInt128 key)
    {
        ulong slot = SlotOf(key);
        return _keys[slot] == key ? _firstBatch + _batches[slot] : 0;
    }

    /// <summary>Adds a key that is not here; needs room (<see cref="Reserve"/>).</summary>
    /// <returns>The slot, for <see cref="TakeBack"/>; -1 when the key is here already.</returns>
    public long Add(UInt128 key, long batch)
    {
        ulong slot = SlotOf(key);
        if (_keys[slot] == key)
            return -1;
        _keys[slot] = key;
        _batches[slot] = (uint)(batch - _firstBatch);
        Count++;
        return (long)slot;
    }

    /// <summary>Takes the key added last, of those that are left, out of its slot.</summary>
    public void TakeBack(long slot)
    {
        _keys[slot] = UInt128.Zero;
        Count--;
    }

    /// <summary>The entries, sorted. The table must stay as it is meanwhile.</summary>
    public ISortedEntries Sorted() => new KeyTableCursor(this);

    /// <summary>Slots of the table.</summary>
    internal ulong Slots => _slots;

    /// <summary>The slot where the search for a key begins.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal ulong Home(UInt128 key) => Math.BigMul((ulong)(key >> 64), _slots, out _);

    /// <summary>The key that a slot holds; 0 when it is free.</summary>
    internal UInt128 KeyAt(ulong slot) => _keys[slot];

    /// <summary>What a slot holds; key 0 when it is free.</summary>
    internal IndexEntry At(ulong slot) => new(_keys[slot], _firstBatch + _batches[slot]);

    /// <inheritdoc/>
    public void Dispose()
    {
        _keyMemory.Dispose();
        _batchMemory.Dispose();
    }

    // The key's slot, or the free one where it belongs. There always is a free one.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong SlotOf(UInt128 key)
    {
        ulong slot = Home(key);
        while (_keys[slot] != key && _keys[slot] != UInt128.Zero)
            slot = slot + 1 == _slots ? 0 : slot + 1;
        return slot;
    }

    [MemberNotNull(nameof(_keyMemory), nameof(_batchMemory))]
    private void Allocate(long keys)
    {
        _slots = (((ulong)keys * 100) / FullestPercent) + 16;
        _keyMemory = new AlignedMemory((long)_slots * sizeof(UInt128), _isSoonFull);
        _batchMemory = new AlignedMemory((long)_slots * sizeof(uint), _isSoonFull);
        _keys = (UInt128*)_keyMemory.Start;
        _batches = (uint*)_batchMemory.Start;
    }
}
