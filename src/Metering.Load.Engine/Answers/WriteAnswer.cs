using System.Buffers.Binary;
using System.Buffers.Text;

namespace Metering.Load;

/// <summary>Reads the answer to a Write straight from its bytes: both services, both packages have the same fields.</summary>
internal static class WriteAnswer
{
    /// <summary>Bytes before a message in a gRPC body: a flag and the length.</summary>
    public const int PrefixBytes = 5;

    /// <summary>Bytes of one uuid in binary.</summary>
    public const int UuidBytes = 16;

    private const ulong AcceptedTag = 0x0A;
    private const ulong RejectedTag = 0x12;
    private const ulong UuidTag = 0x0A;
    private const ulong ReasonTag = 0x10;

    /// <summary>True when <paramref name="body"/> starts with a whole message.</summary>
    public static bool IsComplete(ReadOnlySpan<byte> body) =>
        body.Length >= PrefixBytes && body.Length - PrefixBytes >= BinaryPrimitives.ReadUInt32BigEndian(body[1..]);

    /// <summary>Counts the verdicts of a body that holds exactly one uncompressed message.</summary>
    /// <param name="acceptedUuids">Takes the accepted uuids, 16 bytes each, big-endian; empty when nobody wants them.</param>
    /// <returns>False when the body is not such an answer; the counts are then worthless.</returns>
    public static bool TryRead(ReadOnlySpan<byte> body, ref VerdictCounts verdicts, Span<byte> acceptedUuids)
    {
        if (!IsComplete(body) || body[0] != 0 || body.Length - PrefixBytes != BinaryPrimitives.ReadUInt32BigEndian(body[1..]))
            return false;

        bool wantsUuids = !acceptedUuids.IsEmpty;
        for (ReadOnlySpan<byte> message = body[PrefixBytes..]; !message.IsEmpty;)
        {
            if (!TryReadField(ref message, out ulong tag, out _, out ReadOnlySpan<byte> record))
                return false;
            if (tag is not (AcceptedTag or RejectedTag))
                continue;
            if (!TryReadVerdict(record, out ReadOnlySpan<byte> uuid, out ulong reason))
                return false;
            if (tag == RejectedTag)
            {
                verdicts[reason is > 0 and < VerdictCounts.Unknown ? (int)reason : VerdictCounts.Unknown]++;
                continue;
            }

            verdicts[VerdictCounts.Accepted]++;
            if (!wantsUuids)
                continue;
            if (acceptedUuids.Length < UuidBytes || !Utf8Parser.TryParse(uuid, out Guid value, out _, 'D'))
                return false;
            value.TryWriteBytes(acceptedUuids, bigEndian: true, out _);
            acceptedUuids = acceptedUuids[UuidBytes..];
        }

        return true;
    }

    private static bool TryReadVerdict(ReadOnlySpan<byte> record, out ReadOnlySpan<byte> uuid, out ulong reason)
    {
        uuid = default;
        reason = 0;
        while (!record.IsEmpty)
        {
            if (!TryReadField(ref record, out ulong tag, out ulong number, out ReadOnlySpan<byte> bytes))
                return false;
            if (tag == UuidTag)
                uuid = bytes;
            else if (tag == ReasonTag)
                reason = number;
        }

        return true;
    }

    private static bool TryReadField(scoped ref ReadOnlySpan<byte> message, out ulong tag, out ulong number, out ReadOnlySpan<byte> bytes)
    {
        number = 0;
        bytes = default;
        if (!TryReadVarint(ref message, out tag))
            return false;
        switch (tag & 7)
        {
            case 0:
                return TryReadVarint(ref message, out number);
            case 1:
                return TryTake(ref message, 8, out bytes);
            case 2:
                return TryReadVarint(ref message, out number) && TryTake(ref message, number, out bytes);
            case 5:
                return TryTake(ref message, 4, out bytes);
            default:
                return false;
        }
    }

    private static bool TryTake(scoped ref ReadOnlySpan<byte> message, ulong length, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (length > (ulong)message.Length)
            return false;
        bytes = message[..(int)length];
        message = message[(int)length..];
        return true;
    }

    private static bool TryReadVarint(scoped ref ReadOnlySpan<byte> message, out ulong value)
    {
        value = 0;
        for (int index = 0; index < message.Length && index < 10; index++)
        {
            value |= (ulong)(message[index] & 0x7F) << (7 * index);
            if (message[index] < 0x80)
            {
                message = message[(index + 1)..];
                return true;
            }
        }

        return false;
    }
}
