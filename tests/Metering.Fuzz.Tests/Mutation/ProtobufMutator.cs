namespace Metering.Fuzz.Tests;

/// <summary>Damage to protobuf that keeps most of its structure: fields lost, repeated, of another type, of a wrong length.</summary>
internal static class ProtobufMutator
{
    private const int StepsMaximum = 3;
    private const int NestingDepth = 150; // beyond what any parser follows
    private const int RepeatedTimes = 40;

    private static readonly ulong[] Boundaries =
        [0, 1, 127, 128, int.MaxValue, 0x8000_0000, uint.MaxValue, 0x1_0000_0000, long.MaxValue, 0x8000_0000_0000_0000, ulong.MaxValue];

    private sealed record Field(ulong Tag, byte[] Value, long LengthError = 0)
    {
        public int WireType => (int)(Tag & 7);
    }

    /// <summary>One to three steps of damage, at any level of nesting.</summary>
    public static byte[] Mutate(byte[] message, Random random)
    {
        for (int steps = random.Next(1, StepsMaximum + 1); steps > 0; steps--)
            message = Step(message, random);
        return message;
    }

    private static byte[] Step(byte[] message, Random random)
    {
        if (Parse(message) is not { Count: > 0 } fields)
            return [.. message, .. Write([Stray(random)])];
        int at = random.Next(fields.Count);
        Field field = fields[at];
        switch (random.Next(10))
        {
            case 0:
                fields.RemoveAt(at);
                break;
            case 1:
                fields.InsertRange(at, Enumerable.Repeat(field, random.Next(1, RepeatedTimes)));
                break;
            case 2:
                fields[at] = field with { Tag = (field.Tag & ~7UL) | (uint)random.Next(8) };
                break;
            case 3:
                fields[at] = field with { Tag = ((ulong)random.Next(6) << 3) | (field.Tag & 7) };
                break;
            case 4:
                fields[at] = field with { LengthError = random.Pick([-1L, 1L, 100L, int.MaxValue, -1000L]) };
                break;
            case 5 when field.WireType == 0:
                fields[at] = field with { Value = Varint(random.Pick(Boundaries), random.Next(4) == 0 ? random.Next(8, 12) : 0) };
                break;
            case 6:
                fields.Insert(at, Stray(random));
                break;
            case 7:
                int other = random.Next(fields.Count);
                (fields[at], fields[other]) = (fields[other], fields[at]);
                break;
            default:
                fields[at] = field with
                {
                    Value = field.WireType == 2 && Parse(field.Value) is { Count: > 0 } && !random.OneIn(4)
                        ? Step(field.Value, random)
                        : ByteMutator.Mutate(field.Value, random),
                };
                break;
        }

        return Write(fields);
    }

    // Fields that no message has: unknown ones, groups whole and broken, deep nesting.
    private static Field Stray(Random random) => random.Next(5) switch
    {
        0 => new((15 << 3) | 2, random.Bytes(random.Next(20))),
        1 => new((1000 << 3) | 0, Varint(random.Pick(Boundaries))),
        2 => new((5 << 3) | 3, [8, 1, (5 << 3) | 4]),
        3 => new((5 << 3) | 3, [.. Enumerable.Repeat((byte)((5 << 3) | 3), random.Next(NestingDepth))]),
        _ => new((3 << 3) | 2, Nested(random.Next(NestingDepth))),
    };

    private static byte[] Nested(int depth)
    {
        byte[] value = [];
        for (; depth > 0 && value.Length < 4096; depth--)
            value = Write([new((4 << 3) | 2, value)]);
        return value;
    }

    // Null when the bytes are not fields from the first to the last.
    private static List<Field>? Parse(ReadOnlySpan<byte> message)
    {
        List<Field> fields = [];
        while (!message.IsEmpty)
        {
            if (!TryVarint(ref message, out ulong tag))
                return null;
            ReadOnlySpan<byte> before = message;
            ulong length = 0;
            bool isRead = (tag & 7) switch
            {
                0 => TryVarint(ref message, out _),
                1 => Skip(ref message, 8),
                2 => TryVarint(ref message, out length) && Skip(ref message, length),
                5 => Skip(ref message, 4),
                _ => false,
            };
            if (!isRead)
                return null;
            ReadOnlySpan<byte> value = before[..(before.Length - message.Length)];
            fields.Add(new Field(tag, [.. (tag & 7) == 2 ? value[(value.Length - (int)length)..] : value]));
        }

        return fields;
    }

    private static byte[] Write(List<Field> fields)
    {
        List<byte> message = [];
        foreach (Field field in fields)
        {
            message.AddRange(Varint(field.Tag));
            if (field.WireType == 2)
                message.AddRange(Varint((ulong)(field.Value.Length + field.LengthError)));
            message.AddRange(field.Value);
        }

        return [.. message];
    }

    // With a width, spelled longer than it has to be.
    private static byte[] Varint(ulong value, int width = 0)
    {
        List<byte> bytes = [];
        for (; value >= 128; value >>= 7)
            bytes.Add((byte)(value | 128));
        bytes.Add((byte)value);
        while (bytes.Count < width)
        {
            bytes[^1] |= 128;
            bytes.Add(0);
        }

        return [.. bytes];
    }

    private static bool Skip(ref ReadOnlySpan<byte> bytes, ulong count)
    {
        if (count > (ulong)bytes.Length)
            return false;
        bytes = bytes[(int)count..];
        return true;
    }

    private static bool TryVarint(ref ReadOnlySpan<byte> bytes, out ulong value)
    {
        value = 0;
        for (int index = 0; index < bytes.Length && index < 10; index++)
        {
            value |= (ulong)(bytes[index] & 127) << (7 * index);
            if (bytes[index] >= 128)
                continue;
            bytes = bytes[(index + 1)..];
            return true;
        }

        return false;
    }
}
