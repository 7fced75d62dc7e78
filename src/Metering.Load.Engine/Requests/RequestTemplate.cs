using System.Buffers.Binary;
using System.Text;

namespace Metering.Load;

/// <summary>
/// The body of a Write request, encoded once: length prefix and protobuf message, in which every uuid and timestamp has
/// a fixed place and width. Both services have the same field numbers, so one layout serves both.
/// </summary>
internal sealed class RequestTemplate
{
    /// <summary>Length of a uuid in text.</summary>
    public const int UuidCharacters = 36;

    // Numbers from 2^28 to 2^35 take five bytes: seconds always do (1978 to 3058), nanoseconds when raised to at least 2^28.
    private const int WideVarintBytes = 5;
    private const int SmallestWideNumber = 1 << 28;

    private readonly byte[] _body;
    private readonly int[] _uuidOffsets;
    private readonly int[] _timestampOffsets;

    /// <param name="owner">Product instance, or product of an image, at most 50 characters.</param>
    /// <param name="skus">SKUs that the records take in turn.</param>
    /// <param name="records">Number of records.</param>
    public RequestTemplate(string owner, IReadOnlyList<string> skus, int records)
    {
        _uuidOffsets = new int[records];
        _timestampOffsets = new int[records];
        var body = new MemoryStream();
        body.Write(new byte[WriteAnswer.PrefixBytes]);
        WriteText(body, 0x12, owner);
        for (int index = 0; index < records; index++)
            WriteRecord(body, index, skus[index % skus.Count]);
        _body = body.ToArray();
        BinaryPrimitives.WriteInt32BigEndian(_body.AsSpan(1), _body.Length - WriteAnswer.PrefixBytes);
    }

    /// <summary>Length of the body, in bytes.</summary>
    public int BodyBytes => _body.Length;

    /// <summary>Sets the timestamp of every record of the requests to come, never early and less than 0.27 s late.</summary>
    public void SetTime(DateTimeOffset time)
    {
        long seconds = time.ToUnixTimeSeconds();
        long nanoseconds = Math.Max(SmallestWideNumber, time.UtcTicks % TimeSpan.TicksPerSecond * 100);
        foreach (int offset in _timestampOffsets)
        {
            WriteWideVarint(_body.AsSpan(offset + 1), seconds);
            WriteWideVarint(_body.AsSpan(offset + 2 + WideVarintBytes), nanoseconds);
        }
    }

    /// <summary>Copies the body; its uuids are still to be set.</summary>
    public void CopyTo(Span<byte> target) => _body.CopyTo(target);

    /// <summary>Sets the uuid of a record in a copied body.</summary>
    public void SetUuid(Span<byte> body, int record, Guid uuid) => uuid.TryFormat(body[_uuidOffsets[record]..], out _);

    // UsageRecord, field 3: uuid, sku_id, quantity (1 to 100, by the record's place), timestamp.
    private void WriteRecord(MemoryStream body, int index, string sku)
    {
        const int timestampBytes = 2 * (1 + WideVarintBytes);
        body.WriteByte(0x1A);
        body.WriteByte((byte)(2 + UuidCharacters + 2 + sku.Length + 2 + 2 + timestampBytes));
        _uuidOffsets[index] = (int)body.Position + 2;
        WriteText(body, 0x0A, new string('0', UuidCharacters));
        WriteText(body, 0x12, sku);
        body.Write([0x18, (byte)(1 + (index % 100)), 0x22, timestampBytes]);
        _timestampOffsets[index] = (int)body.Position;
        body.WriteByte(0x08);
        body.Write(new byte[WideVarintBytes]);
        body.WriteByte(0x10);
        body.Write(new byte[WideVarintBytes]);
    }

    private static void WriteText(MemoryStream body, byte tag, string text)
    {
        body.WriteByte(tag);
        body.WriteByte((byte)text.Length);
        body.Write(Encoding.ASCII.GetBytes(text));
    }

    private static void WriteWideVarint(Span<byte> target, long value)
    {
        for (int index = 0; index < WideVarintBytes - 1; index++, value >>= 7)
            target[index] = (byte)(value | 0x80);
        target[WideVarintBytes - 1] = (byte)value;
    }
}
