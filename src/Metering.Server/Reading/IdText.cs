using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Metering.Server;

/// <summary>Writes uuids as text, sixteen digits at once; as <see cref="Metering.Ledger.RecordUuid.Format"/> does, without a string.</summary>
internal static class IdText
{
    /// <summary>Bytes of a uuid as text.</summary>
    public const int Bytes = Ledger.Limits.UuidCharacters;

    /// <summary>Writes one, in lower case.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no room for it.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // an export is over before the runtime would have come to it
    public static void Write(UInt128 id, Span<byte> target)
    {
        target = target[..Bytes];
        Vector128<byte> upper = Digits((ulong)(id >> 64)), lower = Digits((ulong)id);
        Put(target, upper.AsUInt64().GetElement(0));
        target[8] = (byte)'-';
        Put(target[9..], upper.AsUInt32().GetElement(2));
        target[13] = (byte)'-';
        Put(target[14..], upper.AsUInt32().GetElement(3));
        target[18] = (byte)'-';
        Put(target[19..], lower.AsUInt32().GetElement(0));
        target[23] = (byte)'-';
        Put(target[24..], lower.AsUInt32().GetElement(1));
        Put(target[28..], lower.AsUInt64().GetElement(1));
    }

    // The most significant digit first in memory.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Digits(ulong value)
    {
        ulong ordered = BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(value) : value;
        Vector128<ushort> octets = Vector128.WidenLower(Vector128.CreateScalar(ordered).AsByte());
        Vector128<byte> nibbles = ((octets >> 4) | ((octets & Vector128.Create((ushort)0xF)) << 8)).AsByte();
        Vector128<byte> isLetter = Vector128.GreaterThan(nibbles, Vector128.Create((byte)9));
        return nibbles + Vector128.Create((byte)'0') + (isLetter & Vector128.Create((byte)('a' - '0' - 10)));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put<T>(Span<byte> target, T value)
        where T : unmanaged => MemoryMarshal.Write(target, in value);
}
