using System.Numerics;

namespace Metering.Load;

/// <summary>
/// The dynamic table of HPACK: a queue of header fields of bounded size. Bytes are appended to one of two buffers;
/// when it is full, the live ones move to the other, so that a name which is being copied out of the table stays
/// readable meanwhile. Allocates nothing once made.
/// </summary>
internal sealed class HpackDynamicTable
{
    /// <summary>What an entry costs beyond its bytes (RFC 7541, section 4.1).</summary>
    public const int EntryOverheadBytes = 32;

    private readonly int _limitBytes;
    private readonly Entry[] _entries;
    private byte[] _current;
    private byte[] _spare;
    private long _firstPosition;
    private long _endPosition;
    private long _inserted;
    private int _maximumBytes;
    private int _sizeBytes;

    /// <param name="limitBytes">Size that was agreed on in SETTINGS; an update may choose any smaller one.</param>
    public HpackDynamicTable(int limitBytes)
    {
        _limitBytes = _maximumBytes = limitBytes;
        _entries = new Entry[BitOperations.RoundUpToPowerOf2((uint)(limitBytes / EntryOverheadBytes) + 1)];
        _current = new byte[2 * limitBytes];
        _spare = new byte[2 * limitBytes];
    }

    /// <summary>Number of entries.</summary>
    public int Count { get; private set; }

    /// <summary>Size as HPACK counts it, in bytes.</summary>
    public int SizeBytes => _sizeBytes;

    /// <summary>The entry at an index from 1 (the newest) to <see cref="Count"/>; valid until the next insertion.</summary>
    public HeaderField Get(int index)
    {
        ref Entry entry = ref At(_inserted - index);
        int start = (int)(entry.Position - _firstPosition);
        return new HeaderField(
            _current.AsSpan(start, entry.NameLength), _current.AsSpan(start + entry.NameLength, entry.ValueLength));
    }

    /// <summary>Adds a field, after making room for it. A field larger than the table empties it (RFC 7541, section 4.4).</summary>
    public void Insert(HeaderField field)
    {
        int bytes = field.Name.Length + field.Value.Length;
        EvictUntil(_maximumBytes - bytes - EntryOverheadBytes);
        if (bytes + EntryOverheadBytes > _maximumBytes)
            return;

        if (_endPosition - _firstPosition + bytes > _current.Length)
            MoveLiveBytes();
        Span<byte> target = _current.AsSpan((int)(_endPosition - _firstPosition));
        field.Name.CopyTo(target);
        field.Value.CopyTo(target[field.Name.Length..]);
        At(_inserted) = new Entry { Position = _endPosition, NameLength = field.Name.Length, ValueLength = field.Value.Length };
        _endPosition += bytes;
        _inserted++;
        Count++;
        _sizeBytes += bytes + EntryOverheadBytes;
    }

    /// <summary>Follows a size update of the encoder.</summary>
    /// <exception cref="Http2Exception">The size is beyond what was agreed on.</exception>
    public void Resize(int maximumBytes)
    {
        if (maximumBytes > _limitBytes)
            throw new Http2Exception($"The server set its header table to {maximumBytes} bytes; {_limitBytes} are allowed.");
        _maximumBytes = maximumBytes;
        EvictUntil(maximumBytes);
    }

    private void EvictUntil(int sizeBytes)
    {
        while (_sizeBytes > sizeBytes && Count > 0)
        {
            ref Entry oldest = ref At(_inserted - Count);
            _sizeBytes -= oldest.NameLength + oldest.ValueLength + EntryOverheadBytes;
            Count--;
        }
    }

    private void MoveLiveBytes()
    {
        long oldestPosition = Count > 0 ? At(_inserted - Count).Position : _endPosition;
        _current.AsSpan((int)(oldestPosition - _firstPosition), (int)(_endPosition - oldestPosition)).CopyTo(_spare);
        (_current, _spare) = (_spare, _current);
        _firstPosition = oldestPosition;
    }

    private ref Entry At(long number) => ref _entries[number & (_entries.Length - 1)];

    private struct Entry
    {
        public long Position;
        public int NameLength;
        public int ValueLength;
    }
}
