using System.Buffers.Binary;

namespace Metering.Fuzz.Tests;

/// <summary>Damage that knows nothing of what the bytes mean.</summary>
internal static class ByteMutator
{
    private const int StepsMaximum = 4;
    private const int InsertedBytes = 9; // fewer than this
    private const int RepeatedTimes = 40; // fewer than this

    private static readonly byte[] Notable = [0, 1, 2, 0x0A, 0x0D, 0x20, 0x22, 0x2E, 0x3A, 0x7F, 0x80, 0xC0, 0xED, 0xFE, 0xFF];

    private static readonly long[] Boundaries =
    [
        0, 1, -1, 127, 128, 255, 256, short.MaxValue, ushort.MaxValue, ushort.MaxValue + 1, (1 << 24) - 1,
        int.MaxValue, (long)int.MaxValue + 1, uint.MaxValue, long.MaxValue, long.MinValue,
    ];

    /// <summary>One to four steps of damage, one of them a splice with <paramref name="other"/> when there is one.</summary>
    public static byte[] Mutate(ReadOnlySpan<byte> bytes, Random random, ReadOnlySpan<byte> other = default)
    {
        var damaged = new List<byte>(bytes.ToArray());
        if (!other.IsEmpty && random.OneIn(4))
        {
            int cut = random.Next(damaged.Count + 1);
            damaged.RemoveRange(cut, damaged.Count - cut);
            damaged.AddRange(other[random.Next(other.Length)..]);
        }

        for (int steps = random.Next(1, StepsMaximum + 1); steps > 0; steps--)
            Step(damaged, random);
        return [.. damaged];
    }

    private static void Step(List<byte> bytes, Random random)
    {
        int at = random.Next(bytes.Count + 1);
        int length = random.Next(Math.Min(bytes.Count - at, 64) + 1);
        switch (random.Next(9))
        {
            case 0 when at < bytes.Count:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 1 when at < bytes.Count:
                bytes[at] = random.Pick(Notable);
                break;
            case 2:
                bytes.InsertRange(at, random.Bytes(random.Next(1, InsertedBytes)));
                break;
            case 3:
                bytes.Insert(at, random.Pick(Notable));
                break;
            case 4:
                bytes.RemoveRange(at, length);
                break;
            case 5 when length > 0:
                byte[] section = [.. bytes.Skip(at).Take(length)];
                for (int times = random.Next(1, RepeatedTimes); times > 0; times--)
                    bytes.InsertRange(at, section);
                break;
            case 6:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 7:
                Overwrite(bytes, at, random);
                break;
            case 8 when length > 1:
                bytes.Reverse(at, length);
                break;
        }
    }

    private static void Overwrite(List<byte> bytes, int at, Random random)
    {
        Span<byte> integer = stackalloc byte[8];
        long value = random.Pick(Boundaries);
        if (random.OneIn(2))
            BinaryPrimitives.WriteInt64BigEndian(integer, value);
        else
            BinaryPrimitives.WriteInt64LittleEndian(integer, value);
        int width = 1 << random.Next(4);
        ReadOnlySpan<byte> part = random.OneIn(2) ? integer[..width] : integer[^width..];
        for (int index = 0; index < width && at + index < bytes.Count; index++)
            bytes[at + index] = part[index];
    }
}
