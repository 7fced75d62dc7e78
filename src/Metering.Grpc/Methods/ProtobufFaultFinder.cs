using System.Runtime.InteropServices;
using System.Text.Unicode;
using Google.Protobuf.Reflection;

namespace Metering.Grpc;

/// <summary>
/// Walks the bytes of a message by its descriptor to the first fault. The generated parsers say only what is wrong, not where;
/// this says both.
/// </summary>
/// <remarks>
/// As strict as protobuf's rules: the generated parsers let through text that is not UTF-8 and an unknown field that is longer
/// than the message around it. A field of a wire type that is not its own is no fault but an unknown field, as everywhere.
/// </remarks>
internal ref struct ProtobufFaultFinder
{
    private const int NestingMaximum = 100; // as in the generated parsers
    private const int VarintBytesMaximum = 10;
    private const int FixedLongBytes = 8;
    private const int FixedBytes = 4;

    private readonly ReadOnlySpan<byte> _bytes;
    private int _position;
    private string _path = "";
    private string _reason = "";

    private ProtobufFaultFinder(ReadOnlySpan<byte> bytes) => _bytes = bytes;

    private enum WireType
    {
        Varint,
        FixedLong,
        Bytes,
        GroupStart,
        GroupEnd,
        Fixed,
    }

    /// <summary>The first fault as <c>path: reason</c>, without a path where it is in no field; null when there is none.</summary>
    public static string? Find(ReadOnlySpan<byte> message, MessageDescriptor type)
    {
        var finder = new ProtobufFaultFinder(message);
        if (finder.ReadFields(type, message.Length, depth: 0, group: null))
            return null;
        return finder._path.Length == 0 ? finder._reason : $"{finder._path}: {finder._reason}";
    }

    // Reads up to the end, or up to the end of the group.
    private bool ReadFields(MessageDescriptor? type, int end, int depth, int? group)
    {
        Dictionary<int, int>? occurrences = null; // of repeated fields
        while (_position < end)
        {
            if (!ReadTag(end, out int number, out WireType wireType))
                return false;
            if (wireType == WireType.GroupEnd)
            {
                if (group == number)
                    return true;
                return Fail(group is null ? "a group ends that was not begun" : "a group ends with another's number");
            }

            FieldDescriptor? field = type?.FindFieldByNumber(number);
            if (!ReadValue(field, number, wireType, end, depth))
            {
                string name = field?.Name ?? number.ToString();
                Within(field is { IsRepeated: true } ? $"{name}[{occurrences?.GetValueOrDefault(number) ?? 0}]" : name);
                return false;
            }

            if (field is { IsRepeated: true })
                CollectionsMarshal.GetValueRefOrAddDefault(occurrences ??= [], number, out _)++;
        }

        return group is null || Fail("the message ends within a group");
    }

    private bool ReadTag(int end, out int number, out WireType wireType)
    {
        (number, wireType) = (0, default);
        if (!ReadVarint(end, out ulong varint))
            return false;
        uint tag = (uint)varint;
        number = (int)(tag >> 3);
        wireType = (WireType)(tag & 7);
        return number != 0 || Fail("a field has the number 0");
    }

    private bool ReadValue(FieldDescriptor? field, int number, WireType wireType, int end, int depth) => wireType switch
    {
        WireType.Varint => ReadVarint(end, out _),
        WireType.FixedLong => Skip(FixedLongBytes, end),
        WireType.Fixed => Skip(FixedBytes, end),
        WireType.Bytes => ReadBytes(field, end, depth),
        WireType.GroupStart => Nest(depth) && ReadFields(
            field is { FieldType: FieldType.Group } ? field.MessageType : null, end, depth + 1, number),
        _ => Fail($"wire type {(int)wireType} does not exist"),
    };

    private bool ReadBytes(FieldDescriptor? field, int end, int depth)
    {
        if (!ReadVarint(end, out ulong length))
            return false;
        if (length > (ulong)(end - _position))
            return Fail($"its length of {length} bytes reaches past the end of the message around it");
        int valueEnd = _position + (int)length;
        bool isSound = field switch
        {
            { FieldType: FieldType.String } => Utf8.IsValid(_bytes[_position..valueEnd]) || Fail("the text is not UTF-8"),
            { FieldType: FieldType.Message } => Nest(depth) && ReadFields(field.MessageType, valueEnd, depth + 1, group: null),
            { IsRepeated: true } and not { FieldType: FieldType.Bytes or FieldType.Group } => ReadPacked(field.FieldType, valueEnd),
            _ => true,
        };
        if (isSound)
            _position = valueEnd;
        return isSound;
    }

    private bool ReadPacked(FieldType type, int end)
    {
        while (_position < end)
        {
            bool isSound = type switch
            {
                FieldType.Double or FieldType.Fixed64 or FieldType.SFixed64 => Skip(FixedLongBytes, end),
                FieldType.Float or FieldType.Fixed32 or FieldType.SFixed32 => Skip(FixedBytes, end),
                _ => ReadVarint(end, out _),
            };
            if (!isSound)
                return false;
        }

        return true;
    }

    private bool ReadVarint(int end, out ulong value)
    {
        value = 0;
        for (int count = 0; count < VarintBytesMaximum; count++)
        {
            if (_position == end)
                return Fail("the message ends within a number");
            byte next = _bytes[_position++];
            value |= (ulong)(next & 0x7F) << (7 * count);
            if (next < 0x80)
                return true;
        }

        return Fail($"a number is longer than {VarintBytesMaximum} bytes");
    }

    private bool Skip(int bytes, int end)
    {
        if (end - _position < bytes)
            return Fail("the message ends within a number");
        _position += bytes;
        return true;
    }

    private bool Nest(int depth) => depth < NestingMaximum || Fail($"messages are nested deeper than {NestingMaximum}");

    private bool Fail(string reason)
    {
        _reason = reason;
        return false;
    }

    // The path is put together on the way out, innermost field first.
    private void Within(string field) => _path = _path.Length == 0 ? field : $"{field}.{_path}";
}
