using System.Text.Unicode;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// Reads protobuf fields from contiguous bytes, handing out positions instead of copies. As strict as the general
/// parser: truncation, overlong varints, field number 0 and stray end-groups are faults, thrown as
/// <see cref="InvalidDataException"/>; text must be UTF-8.
/// </summary>
internal ref struct ProtobufSpanReader(ReadOnlySpan<byte> message, int start, int end)
{
    private const int GroupDepth = Limits.UnknownGroupDepth; // the general parser's recursion limit

    private readonly ReadOnlySpan<byte> _message = message;
    private readonly int _end = end;
    private int _position = start;

    /// <summary>Reads the next tag; false at the end of the message.</summary>
    public bool TryReadTag(out uint tag)
    {
        tag = 0;
        if (_position == _end)
            return false;
        byte first = _message[_position];
        if (first < 0x80)
        {
            tag = first;
            _position++;
        }
        else
        {
            tag = (uint)ReadVarint();
        }

        if (tag >> 3 == 0)
            throw Malformed("a field has the number 0");
        return true;
    }

    /// <summary>Reads a varint; longer than 10 bytes is a fault.</summary>
    public ulong ReadVarint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 70; shift += 7)
        {
            if (_position == _end)
                throw Malformed("the message ends within a number");
            byte next = _message[_position++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }

        throw Malformed("a number is longer than 10 bytes");
    }

    /// <summary>Reads a length and steps over that many bytes; answers where they stand.</summary>
    public (int Start, int End) ReadBytes()
    {
        ulong length = ReadVarint();
        if (length > (ulong)(_end - _position))
            throw Malformed("a field is longer than its message");
        int from = _position;
        _position += (int)length;
        return (from, _position);
    }

    /// <summary>Reads a text field, which must be UTF-8; answers where it stands.</summary>
    public Ledger.TextSlice ReadText()
    {
        (int from, int to) = ReadBytes();
        return Utf8.IsValid(_message[from..to]) ? new(from, to - from) : throw Malformed("the text is not UTF-8");
    }

    /// <summary>Steps over a field that is not known, whatever its type.</summary>
    public void Skip(uint tag) => Skip(tag, 0);

    private void Skip(uint tag, int depth)
    {
        switch (tag & 7)
        {
            case 0:
                ReadVarint();
                break;
            case 1:
                Advance(8);
                break;
            case 2:
                ReadBytes();
                break;
            case 3:
                SkipGroup(tag, depth);
                break;
            case 5:
                Advance(4);
                break;
            default:
                throw Malformed("a field has an unknown wire type or ends a group that was not begun");
        }
    }

    private void SkipGroup(uint start, int depth)
    {
        if (depth >= GroupDepth)
            throw Malformed($"groups are nested deeper than {GroupDepth}");
        while (TryReadTag(out uint tag))
        {
            if ((tag & 7) != 4)
                Skip(tag, depth + 1);
            else if (tag >> 3 == start >> 3)
                return;
            else
                throw Malformed("a group ends with another's number");
        }

        throw Malformed("the message ends within a group");
    }

    private void Advance(int bytes)
    {
        if (_end - _position < bytes)
            throw Malformed("the message ends within a field");
        _position += bytes;
    }

    private static InvalidDataException Malformed(string what) => new(what);
}
