using System.Buffers;
using System.Numerics;
using Metering.Grpc;
using Metering.Ledger;
using Reason = Yandex.Cloud.Marketplace.Metering.V1.RejectedUsageRecord.Types.Reason;

namespace Metering.Server;

/// <summary>
/// The response side of a Write: the verdicts of a <see cref="UsageWrite"/> straight into the pipe. The three response
/// messages are the same by number and type, so one codec serves them all.
/// </summary>
internal sealed class UsageVerdictCodec : MessageCodec<UsageWrite>
{
    private const byte AcceptedTag = (1 << 3) | 2;
    private const byte RejectedTag = (2 << 3) | 2;
    private const byte UuidTag = (1 << 3) | 2;
    private const byte ReasonTag = (2 << 3) | 0;

    // The wire's number of each verdict; Accepted has none.
    private static readonly byte[] Reasons = MakeReasons();

    /// <summary>The wire's name of a rejection.</summary>
    public static Reason ReasonOf(Verdict verdict) => verdict switch
    {
        Verdict.InvalidId => Reason.InvalidId,
        Verdict.InvalidSkuId => Reason.InvalidSkuId,
        Verdict.InvalidProductId => Reason.InvalidProductId,
        Verdict.Duplicate => Reason.Duplicate,
        Verdict.Expired => Reason.Expired,
        Verdict.InvalidTimestamp => Reason.InvalidTimestamp,
        Verdict.InvalidQuantity => Reason.InvalidQuantity,
        _ => Reason.Unspecified,
    };

    /// <summary>The wire's spelling of a rejection, such as <c>INVALID_SKU_ID</c>.</summary>
    public static string NameOf(Verdict verdict) =>
        Yandex.Cloud.Marketplace.Metering.V1.RejectedUsageRecord.Descriptor.EnumTypes[0].FindValueByNumber((int)ReasonOf(verdict)).Name;

    /// <inheritdoc/>
    public override int SizeOf(UsageWrite message)
    {
        int size = 0;
        foreach (ref UsageRecord record in message.Records)
        {
            int body = BodySize(record);
            size += 1 + VarintSize(body) + body;
        }

        return size;
    }

    /// <inheritdoc/>
    public override void Write(UsageWrite message, Span<byte> destination)
    {
        int position = 0;
        bool areAllAccepted = true;
        foreach (ref UsageRecord record in message.Records)
        {
            if (record.Verdict != Verdict.Accepted)
                areAllAccepted = false;
            else if (record.UuidText.Length == Limits.UuidCharacters)
                WriteAccepted(message.Text(record.UuidText), destination, ref position);
            else
                WriteRecord(message, record, AcceptedTag, destination, ref position);
        }

        if (areAllAccepted)
            return;
        foreach (ref UsageRecord record in message.Records)
        {
            if (record.Verdict != Verdict.Accepted)
                WriteRecord(message, record, RejectedTag, destination, ref position);
        }
    }

    /// <inheritdoc/>
    public override UsageWrite Read(in ReadOnlySequence<byte> message) => throw new NotSupportedException("A server reads no Write responses.");

    // What nearly every record is: its length is known, and copied as such.
    private static void WriteAccepted(ReadOnlySpan<byte> uuid, Span<byte> destination, ref int position)
    {
        const int bytes = 4 + Limits.UuidCharacters;
        Span<byte> place = destination.Slice(position, bytes);
        place[0] = AcceptedTag;
        place[1] = 2 + Limits.UuidCharacters;
        place[2] = UuidTag;
        place[3] = Limits.UuidCharacters;
        uuid[..Limits.UuidCharacters].CopyTo(place[4..]);
        position += bytes;
    }

    private static void WriteRecord(UsageWrite write, in UsageRecord record, byte tag, Span<byte> destination, ref int position)
    {
        destination[position++] = tag;
        WriteVarint(BodySize(record), destination, ref position);
        if (record.UuidText.Length > 0)
        {
            destination[position++] = UuidTag;
            WriteVarint(record.UuidText.Length, destination, ref position);
            write.Text(record.UuidText).CopyTo(destination[position..]);
            position += record.UuidText.Length;
        }

        if (record.Verdict != Verdict.Accepted)
        {
            destination[position++] = ReasonTag;
            destination[position++] = Reasons[(int)record.Verdict];
        }
    }

    // An empty uuid is left out, as proto3 leaves out every default.
    private static int BodySize(in UsageRecord record) =>
        (record.UuidText.Length == 0 ? 0 : 1 + VarintSize(record.UuidText.Length) + record.UuidText.Length)
        + (record.Verdict == Verdict.Accepted ? 0 : 2);

    private static int VarintSize(int value) => ((31 - BitOperations.LeadingZeroCount((uint)value | 1)) / 7) + 1;

    private static void WriteVarint(int value, Span<byte> destination, ref int position)
    {
        uint rest = (uint)value;
        for (; rest >= 0x80; rest >>= 7)
            destination[position++] = (byte)(rest | 0x80);
        destination[position++] = (byte)rest;
    }

    private static byte[] MakeReasons()
    {
        var reasons = new byte[Enum.GetValues<Verdict>().Length];
        foreach (Verdict verdict in Enum.GetValues<Verdict>())
            reasons[(int)verdict] = (byte)ReasonOf(verdict);
        return reasons;
    }
}
