using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;
using System.Text.Unicode;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// Reads protobuf fields from contiguous bytes, handing out positions instead of copies. As strict as the general
/// parser: truncation, overlong varints, field number 0 and stray end-groups are faults, thrown as
/// <see cref="InvalidDataException"/>; text must be UTF-8.
/// </summary>
/// <remarks>Invariant: what stands before <c>_end</c> is within the bytes given, so that reading it needs no other check.</remarks>
internal ref struct ProtobufSpanReader
{
    private const int GroupDepth = Limits.UnknownGroupDepth; // the general parser's recursion limit
    private const ulong LastByteMarks = 0x8080_8080_8080_8080; // a byte of a varint without its mark is the last
    private const ulong Payload = ~LastByteMarks;

    private readonly ref byte _message;
    private readonly int _end;
    private int _position;

    /// <summary>Reads the part of <paramref name="message"/> from <paramref name="start"/> up to <paramref name="end"/>.</summary>
    public ProtobufSpanReader(ReadOnlySpan<byte> message, int start, int end)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)end, (uint)message.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)start, (uint)end);
        _message = ref MemoryMarshal.GetReference(message);
        _end = end;
        _position = start;
    }

    /// <summary>Reads the next tag; false at the end of the message.</summary>
    public bool TryReadTag(out uint tag)
    {
        tag = 0;
        if (_position == _end)
            return false;
        tag = (uint)ReadVarint();
        if (tag >> 3 == 0)
            throw Malformed("a field has the number 0");
        return true;
    }

    /// <summary>Reads a varint; longer than 10 bytes is a fault.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ReadVarint()
    {
        if (_position < _end && At(_position) is < 0x80 and byte only)
        {
            _position++;
            return only;
        }

        return ReadLongVarint();
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
        ReadOnlySpan<byte> text = MemoryMarshal.CreateReadOnlySpan(ref At(from), to - from);
        return Ascii.IsValid(text) || Utf8.IsValid(text) ? new(from, to - from) : throw Malformed("the text is not UTF-8");
    }

    /// <summary>Steps over a field that is not known, whatever its type.</summary>
    public void Skip(uint tag) => Skip(tag, 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly ref byte At(int position) => ref Unsafe.Add(ref _message, position);

    // Up to 8 bytes, where they are there and the processor can put their bits together, are read at once.
    private ulong ReadLongVarint()
    {
        if (Bmi2.X64.IsSupported && _end - _position >= sizeof(ulong))
        {
            ulong bytes = Unsafe.ReadUnaligned<ulong>(ref At(_position));
            ulong last = ~bytes & LastByteMarks;
            if (last != 0)
            {
                _position += (BitOperations.TrailingZeroCount(last) >> 3) + 1;
                return Bmi2.X64.ParallelBitExtract(bytes, Payload & (last ^ (last - 1)));
            }
        }

        ulong value = 0;
        for (int shift = 0; shift < 70; shift += 7)
        {
            if (_position == _end)
                throw Malformed("the message ends within a number");
            byte next = At(_position++);
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }

        throw Malformed("a number is longer than 10 bytes");
    }

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
