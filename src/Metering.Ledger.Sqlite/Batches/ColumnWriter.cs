using System.Runtime.CompilerServices;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// One column of a batch that is being written. Its values wait until there are as many as a block takes. How many wait is
/// known to the owner, who counts once for all the columns that grow together.
/// </summary>
internal sealed class ColumnWriter
{
    /// <summary>Room for values that wait: a block, and what one more request may add before the block is packed.</summary>
    public const int Room = PackedBlock.Values + Limits.RecordsPerWrite;

    private readonly long[] _waiting = new long[Room];
    private byte[] _packed = new byte[PackedBlock.BytesAtMost(PackedBlock.Values)];
    private int _length;

    /// <summary>The column as far as it was packed, good until the next <see cref="Clear"/>.</summary>
    public ReadOnlySpan<byte> Packed => _packed.AsSpan(0, _length);

    /// <summary>The values that wait; the owner sets them.</summary>
    public long[] Waiting
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _waiting;
    }

    /// <summary>Forgets every value.</summary>
    public void Clear() => _length = 0;

    /// <summary>Packs the first of the values that wait, a block's worth or, at the end, fewer; the others move to the front.</summary>
    /// <param name="waiting">How many wait.</param>
    public void Pack(int waiting)
    {
        int values = Math.Min(waiting, PackedBlock.Values);
        if (values == 0)
            return;
        int needed = _length + PackedBlock.BytesAtMost(values);
        if (needed > _packed.Length)
            Array.Resize(ref _packed, Math.Max(needed, _packed.Length * 2));
        _length += PackedBlock.Write(_waiting.AsSpan(0, values), _packed.AsSpan(_length));
        _waiting.AsSpan(values, waiting - values).CopyTo(_waiting);
    }
}
