using System.Numerics;
using System.Runtime.CompilerServices;

namespace Metering.Ledger.Sqlite;

/// <summary>A column of the catalog's keys: the distinct ones once, and for each value its place among them.</summary>
internal sealed class KeyColumnWriter
{
    private long[] _entries = new long[64];
    private long[] _scratch = new long[64];
    private int _count;

    // Open addressing, at most a quarter full. A slot that another batch set is free, so that nothing is ever cleared.
    private Slot[] _slots = new Slot[256];
    private uint _batch;

    /// <summary>The place of each value's key: set by the owner to what <see cref="PlaceOf"/> says.</summary>
    public ColumnWriter Places { get; } = new();

    /// <summary>Bytes that the distinct keys can take at most.</summary>
    public int EntryBytesAtMost => Leb128.Longest + PackedBlock.BytesAtMost(_count);

    /// <summary>Forgets every key.</summary>
    public void Clear()
    {
        Places.Clear();
        _count = 0;
        if (++_batch != 0)
            return;
        Array.Clear(_slots); // the numbers begin again
        _batch = 1;
    }

    /// <summary>The place of a key among the distinct ones, where it is added when it is new.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int PlaceOf(int key)
    {
        Slot[] slots = _slots;
        int home = HomeOf(key, slots.Length);
        ref readonly Slot slot = ref slots[home];
        return slot.Batch == _batch && slot.Key == key ? slot.Place : Find(key, home);
    }

    /// <summary>Writes the distinct keys, and says how many bytes they took.</summary>
    public int WriteEntries(Span<byte> target)
    {
        int length = Leb128.Put(target, (uint)_count);
        Span<long> entries = _scratch.AsSpan(0, _count);
        _entries.AsSpan(0, _count).CopyTo(entries);
        return length + PackedBlock.Write(entries, target[length..]);
    }

    private static int HomeOf(int key, int slots) => (int)(((uint)key * 0x9E37_79B9u) >> (32 - BitOperations.Log2((uint)slots)));

    private int Find(int key, int slot)
    {
        int mask = _slots.Length - 1;
        for (; _slots[slot].Batch == _batch; slot = (slot + 1) & mask)
        {
            if (_slots[slot].Key == key)
                return _slots[slot].Place;
        }

        if (_count == _entries.Length)
        {
            Grow();
            return Find(key, HomeOf(key, _slots.Length));
        }

        _entries[_count] = key;
        _slots[slot] = new Slot { Batch = _batch, Key = key, Place = _count };
        return _count++;
    }

    private void Grow()
    {
        Array.Resize(ref _entries, _count * 2);
        _scratch = new long[_count * 2];
        _slots = new Slot[_slots.Length * 2];
        int mask = _slots.Length - 1;
        for (int place = 0; place < _count; place++)
        {
            int slot = HomeOf((int)_entries[place], _slots.Length);
            while (_slots[slot].Batch == _batch)
                slot = (slot + 1) & mask;
            _slots[slot] = new Slot { Batch = _batch, Key = (int)_entries[place], Place = place };
        }
    }

    private struct Slot
    {
        public uint Batch;
        public int Key;
        public int Place;
    }
}
