using System.Buffers.Binary;

namespace Metering.Ledger.Sqlite.Tests;

/// <summary>
/// Encodes batches as version 1 did (<see cref="RecordwiseReader"/>), kept as it was: for ledgers as older programs wrote
/// them, and to measure against.
/// </summary>
internal sealed class RecordwiseWriter
{
    private const int RequestBytesMaximum = 16 + (4 * 10);
    private const int RecordBytesMaximum = 16 + (3 * 10);

    private byte[] _buffer = new byte[64 * 1024];
    private int _length;
    private long _received;

    /// <summary>Records in the batch so far.</summary>
    public int Records { get; private set; }

    /// <summary>Starts a new batch.</summary>
    public void Clear()
    {
        _buffer[0] = BatchBody.Recordwise;
        _length = 1;
        _received = 0;
        Records = 0;
    }

    /// <summary>Adds the accepted ones of a judged request's records.</summary>
    public void Add(UsageWrite write, int accepted)
    {
        int needed = _length + RequestBytesMaximum + (accepted * RecordBytesMaximum) + BatchBody.ChecksumBytes;
        if (needed > _buffer.Length)
            Array.Resize(ref _buffer, Math.Max(needed, _buffer.Length * 2));

        PutUnsigned((uint)write.OwnerKey);
        PutUnsigned((uint)write.AccountKey);
        write.RequestId.TryWriteBytes(_buffer.AsSpan(_length), bigEndian: true, out int written);
        _length += written;
        PutSigned(write.ReceivedUnixNanoseconds - _received);
        _received = write.ReceivedUnixNanoseconds;
        PutUnsigned((uint)accepted);

        long timestamp = _received;
        foreach (ref UsageRecord record in write.Records)
        {
            if (record.Verdict != Verdict.Accepted)
                continue;
            BinaryPrimitives.WriteUInt128BigEndian(_buffer.AsSpan(_length), record.Uuid);
            _length += 16;
            PutUnsigned((uint)record.SkuKey);
            PutUnsigned((ulong)record.Quantity);
            PutSigned(record.TimestampUnixNanoseconds - timestamp);
            timestamp = record.TimestampUnixNanoseconds;
        }

        Records += accepted;
    }

    /// <summary>Ends the batch: its body, good until the next <see cref="Clear"/>.</summary>
    public ReadOnlySpan<byte> Finish(long number)
    {
        uint checksum = Crc32C.OfBatch(number, _buffer.AsSpan(0, _length));
        BinaryPrimitives.WriteUInt32LittleEndian(_buffer.AsSpan(_length), checksum);
        return _buffer.AsSpan(0, _length + BatchBody.ChecksumBytes);
    }

    private void PutSigned(long value) => PutUnsigned((ulong)((value << 1) ^ (value >> 63)));

    private void PutUnsigned(ulong value)
    {
        while (value >= 0x80)
        {
            _buffer[_length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        _buffer[_length++] = (byte)value;
    }
}
