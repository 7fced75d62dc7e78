using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// An exact set of uuids: open addressing with linear probing, 16 bytes a slot. It is cut into segments by the leading
/// bits of the hash, and each grows by itself, so that growing never holds up a commit for long.
/// </summary>
/// <remarks>
/// The nil uuid marks a free slot; no record can have it. The hash is keyed with random numbers, so that nobody can
/// choose uuids that collide. Invariant: from a uuid's home slot to the uuid there is no free slot.
/// </remarks>
internal sealed class UuidSet
{
    private const int SegmentBits = 10;
    private const int FirstSlots = 64;

    private readonly Segment[] _segments = new Segment[1 << SegmentBits];
    private readonly ulong _upperSeed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
    private readonly ulong _lowerSeed = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));

    /// <summary>An empty set.</summary>
    public UuidSet()
    {
        for (int index = 0; index < _segments.Length; index++)
            _segments[index].Slots = new UInt128[FirstSlots];
    }

    /// <summary>Uuids in the set.</summary>
    public long Count { get; private set; }

    /// <summary>Whether the uuid is in the set.</summary>
    public bool Contains(UInt128 uuid)
    {
        ulong hash = Hash(uuid);
        UInt128[] slots = _segments[hash >> (64 - SegmentBits)].Slots;
        return slots[Find(slots, hash, uuid)] == uuid && uuid != UInt128.Zero;
    }

    /// <summary>Adds the uuid; false when it is there already.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a verification is half over before the runtime would have come to it
    public bool Add(UInt128 uuid)
    {
        ulong hash = Hash(uuid);
        ref Segment segment = ref _segments[hash >> (64 - SegmentBits)];
        int slot = Find(segment.Slots, hash, uuid);
        if (segment.Slots[slot] == uuid)
            return false;
        segment.Slots[slot] = uuid;
        Count++;
        if (++segment.Count * 4L > segment.Slots.Length * 3L)
            Grow(ref segment);
        return true;
    }

    /// <summary>Takes the uuid out, if it is there.</summary>
    public void Remove(UInt128 uuid)
    {
        ulong hash = Hash(uuid);
        ref Segment segment = ref _segments[hash >> (64 - SegmentBits)];
        UInt128[] slots = segment.Slots;
        int mask = slots.Length - 1;
        int hole = Find(slots, hash, uuid);
        if (slots[hole] == UInt128.Zero)
            return;

        // Moves each follower whose way from home leads over the hole into it, so that no search ends there too early.
        for (int next = (hole + 1) & mask; slots[next] != UInt128.Zero; next = (next + 1) & mask)
        {
            int home = (int)Hash(slots[next]) & mask;
            if (((next - home) & mask) < ((next - hole) & mask))
                continue;
            slots[hole] = slots[next];
            hole = next;
        }

        slots[hole] = UInt128.Zero;
        segment.Count--;
        Count--;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Find(UInt128[] slots, ulong hash, UInt128 uuid)
    {
        int mask = slots.Length - 1;
        int slot = (int)hash & mask;
        while (slots[slot] != uuid && slots[slot] != UInt128.Zero)
            slot = (slot + 1) & mask;
        return slot;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Grow(ref Segment segment)
    {
        var slots = new UInt128[segment.Slots.Length * 2];
        foreach (UInt128 uuid in segment.Slots)
        {
            if (uuid != UInt128.Zero)
                slots[Find(slots, Hash(uuid), uuid)] = uuid;
        }

        segment.Slots = slots;
    }

    private ulong Hash(UInt128 uuid)
    {
        ulong high = Math.BigMul((ulong)(uuid >> 64) ^ _upperSeed, (ulong)uuid ^ _lowerSeed, out ulong low);
        return high ^ low;
    }

    private struct Segment
    {
        public UInt128[] Slots;
        public int Count;
    }
}
