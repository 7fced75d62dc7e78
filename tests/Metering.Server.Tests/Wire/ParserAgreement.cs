using System.Buffers;
using System.Text;
using Google.Protobuf;
using Metering.Grpc;
using Metering.Ledger;
using Yandex.Cloud.Marketplace.Metering.V1;
using WireRecord = Yandex.Cloud.Marketplace.Metering.V1.UsageRecord;

namespace Metering.Server.Tests;

/// <summary>Whether the purpose-built decoder of Write requests and the general parser agree on a message, sound or damaged.</summary>
internal static class ParserAgreement
{
    // Of each level of nesting: its text fields, and the field that holds the next level.
    private static readonly (ulong[] Texts, ulong Nested)[] Levels = [([2], 3), ([1, 2], 4), ([], 0)];

    /// <summary>Null when both refuse the bytes or both read the same from them; else where they differ.</summary>
    public static string? Fault(byte[] bytes, out bool isRead)
    {
        UsageWrite? ours = TryRead(bytes);
        WriteUsageRequest? general = TryGeneral(bytes);
        isRead = ours is not null;
        string? fault = (ours, general) switch
        {
            ({ } read, { } expected) => Difference(expected, read),
            ({ }, null) => "read what the general parser refuses",

            // The general parser lets two faults through: text that is not UTF-8, and an unknown field that is longer than
            // the message that it stands in.
            (null, { }) => IsSound(bytes, Levels) ? "refused what the general parser reads" : null,
            _ => null,
        };
        return fault is null ? null : $"{fault}: {Convert.ToHexString(bytes)}";
    }

    /// <summary>Reads with the purpose-built decoder.</summary>
    /// <exception cref="RpcException">It refuses.</exception>
    public static UsageWrite Read(byte[] bytes)
    {
        var write = new UsageWrite { Kind = UsageKind.ProductInstance };
        UsageWriteReader.Read(new ReadOnlySequence<byte>(bytes), write);
        return write;
    }

    /// <summary>Null when what was read is the same, value by value; else the first difference.</summary>
    public static string? Difference(WriteUsageRequest general, UsageWrite ours)
    {
        if (general.DryRun != ours.DryRun)
            return "dry_run differs";
        if (general.ProductInstanceId != Text(ours, ours.TargetText))
            return "product_instance_id differs";
        if (general.UsageRecords.Count != ours.RecordCount)
            return "the number of records differs";
        for (int index = 0; index < Math.Min(ours.RecordCount, Limits.RecordsPerWrite); index++)
        {
            // The place of the last record kept is also that of every record beyond it.
            bool isLastKept = index == Limits.RecordsPerWrite - 1 && ours.RecordCount > Limits.RecordsPerWrite;
            if (!isLastKept && Difference(general.UsageRecords[index], ours.Records[index], ours) is { } fault)
                return $"record {index}: {fault}";
        }

        return null;
    }

    private static string? Difference(WireRecord expected, Ledger.UsageRecord actual, UsageWrite write)
    {
        if (expected.Uuid != Text(write, actual.UuidText))
            return "uuid differs";
        if (expected.SkuId != Text(write, actual.SkuText))
            return "sku_id differs";
        if (expected.Quantity != actual.Quantity)
            return "quantity differs";
        return expected.Timestamp is not null == actual.HasTimestamp
            && (expected.Timestamp?.Seconds ?? 0) == actual.TimestampSeconds
            && (expected.Timestamp?.Nanos ?? 0) == actual.TimestampNanoseconds
            ? null
            : "timestamp differs";
    }

    private static UsageWrite? TryRead(byte[] bytes)
    {
        try
        {
            return Read(bytes);
        }
        catch (RpcException)
        {
            return null;
        }
    }

    private static WriteUsageRequest? TryGeneral(byte[] bytes)
    {
        try
        {
            return WriteUsageRequest.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    // An independent walk: every field stays inside its message, every text is UTF-8, overwritten ones included.
    private static bool IsSound(ReadOnlySpan<byte> message, ReadOnlySpan<(ulong[] Texts, ulong Nested)> levels)
    {
        int position = 0;
        while (position < message.Length)
        {
            ulong tag = Varint(message, ref position);
            ulong length = (tag & 7) switch { 0 => Varint(message, ref position) & 0, 1 => 8, 2 => Varint(message, ref position), 5 => 4, _ => 0 };
            if (length > (ulong)Math.Max(0, message.Length - position))
                return false;
            ReadOnlySpan<byte> field = message.Slice(position, (int)length);
            if ((tag & 7) == 2 && levels[0].Texts.Contains(tag >> 3) && !System.Text.Unicode.Utf8.IsValid(field))
                return false;
            if (tag == ((levels[0].Nested << 3) | 2) && levels.Length > 1 && !IsSound(field, levels[1..]))
                return false;
            position += (int)length;
        }

        return position == message.Length;
    }

    private static ulong Varint(ReadOnlySpan<byte> message, ref int position)
    {
        ulong value = 0;
        for (int shift = 0; position < message.Length; shift += 7)
        {
            byte next = message[position++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                break;
        }

        return value;
    }

    private static string Text(UsageWrite write, TextSlice slice) => Encoding.UTF8.GetString(write.Text(slice));
}
