using System.Runtime.CompilerServices;

namespace Metering.Ledger.Sqlite;

/// <summary>One column of a batch that is being written: whenever a block's worth of values is there, it is packed.</summary>
internal sealed class ColumnWriter
{
    private readonly long[] _waiting = new long[PackedBlock.Values];
    private byte[] _packed = new byte[PackedBlock.BytesAtMost(PackedBlock.Values)];
    private int _count;
    private int _length;

    /// <summary>Forgets every value.</summary>
    public void Clear() => _count = _length = 0;

    /// <summary>Adds a value; none after <see cref="Finish"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(long value)
    {
        _waiting[_count++] = value;
        if (_count == PackedBlock.Values)
            Pack();
    }

    /// <summary>The column, good until the next <see cref="Clear"/>.</summary>
    public ReadOnlySpan<byte> Finish()
    {
        if (_count > 0)
            Pack();
        return _packed.AsSpan(0, _length);
    }

    private void Pack()
    {
        int needed = _length + PackedBlock.BytesAtMost(_count);
        if (needed > _packed.Length)
            Array.Resize(ref _packed, Math.Max(needed, _packed.Length * 2));
        _length += PackedBlock.Write(_waiting.AsSpan(0, _count), _packed.AsSpan(_length));
        _count = 0;
    }
}
