using System.Buffers;
using Google.Protobuf.Reflection;
using Metering.Grpc;
using Metering.Ledger;
using Yandex.Cloud.Marketplace.Metering.V1;
using UsageRecord = Metering.Ledger.UsageRecord;

namespace Metering.Server;

/// <summary>
/// Decodes a Write request of any of the three methods straight into a pooled <see cref="UsageWrite"/>. The three
/// request messages have the same fields by number and type; only the meaning of field 2 differs.
/// </summary>
internal static class UsageWriteReader
{
    // Tags: field number × 8 + wire type (0 varint, 2 length-delimited).
    private const uint DryRunTag = (1 << 3) | 0;
    private const uint TargetTag = (2 << 3) | 2;
    private const uint RecordTag = (3 << 3) | 2;
    private const uint UuidTag = (1 << 3) | 2;
    private const uint SkuTag = (2 << 3) | 2;
    private const uint QuantityTag = (3 << 3) | 0;
    private const uint TimestampTag = (4 << 3) | 2;
    private const uint SecondsTag = (1 << 3) | 0;
    private const uint NanosecondsTag = (2 << 3) | 0;

    /// <summary>Copies the message, then notes where each part of it stands.</summary>
    /// <exception cref="RpcException">The bytes are malformed: INTERNAL, with the field at which they stop being sound.</exception>
    public static void Read(in ReadOnlySequence<byte> message, UsageWrite write)
    {
        int length = (int)message.Length;
        if (write.Payload.Length < length)
            write.Payload = new byte[Math.Max(length, write.Payload.Length * 2)];
        message.CopyTo(write.Payload);
        try
        {
            ReadRequest(write, length);
        }
        catch (InvalidDataException malformed)
        {
            throw new RpcException(MalformedProtobuf.Refuse(message, DescriptorOf(write.Kind), malformed.Message));
        }
    }

    // What the fields are called, in words of a refusal.
    private static MessageDescriptor DescriptorOf(UsageKind kind) =>
        kind == UsageKind.Image ? WriteImageProductUsageRequest.Descriptor : WriteUsageRequest.Descriptor;

    private static void ReadRequest(UsageWrite write, int length)
    {
        ReadOnlySpan<byte> payload = write.Payload;
        var reader = new ProtobufSpanReader(payload, 0, length);
        while (reader.TryReadTag(out uint tag))
        {
            switch (tag)
            {
                case DryRunTag:
                    write.DryRun = reader.ReadVarint() != 0;
                    break;
                case TargetTag:
                    write.TargetText = reader.ReadText();
                    break;
                case RecordTag:
                    (int start, int end) = reader.ReadBytes();
                    ReadRecord(payload, start, end, ref write.AddRecord());
                    break;
                default:
                    reader.Skip(tag);
                    break;
            }
        }
    }

    private static void ReadRecord(ReadOnlySpan<byte> payload, int start, int end, ref UsageRecord record)
    {
        var reader = new ProtobufSpanReader(payload, start, end);
        while (reader.TryReadTag(out uint tag))
        {
            switch (tag)
            {
                case UuidTag:
                    record.UuidText = reader.ReadText();
                    break;
                case SkuTag:
                    record.SkuText = reader.ReadText();
                    break;
                case QuantityTag:
                    record.Quantity = (long)reader.ReadVarint();
                    break;
                case TimestampTag:
                    (int from, int to) = reader.ReadBytes();
                    record.HasTimestamp = true;
                    ReadTimestamp(payload, from, to, ref record);
                    break;
                default:
                    reader.Skip(tag);
                    break;
            }
        }
    }

    private static void ReadTimestamp(ReadOnlySpan<byte> payload, int start, int end, ref UsageRecord record)
    {
        var reader = new ProtobufSpanReader(payload, start, end);
        while (reader.TryReadTag(out uint tag))
        {
            switch (tag)
            {
                case SecondsTag:
                    record.TimestampSeconds = (long)reader.ReadVarint();
                    break;
                case NanosecondsTag:
                    record.TimestampNanoseconds = (int)reader.ReadVarint();
                    break;
                default:
                    reader.Skip(tag);
                    break;
            }
        }
    }
}
