using System.Buffers;
using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Pipelines;

namespace Metering.Grpc;

/// <summary>
/// One gzip message, inflated into a rented buffer. The cap holds while inflating: a bomb costs no more memory than the
/// largest message allowed.
/// </summary>
internal readonly struct GzipMessage : IDisposable
{
    private const int FirstBufferBytes = 4096;

    // The shortest header, the shortest block, checksum and length.
    private const int GzipBytesMinimum = 18;
    private const int LengthBytes = 4;

    private readonly byte[] _buffer;
    private readonly int _length;

    private GzipMessage(byte[] buffer, int length)
    {
        _buffer = buffer;
        _length = length;
    }

    public ReadOnlySequence<byte> Bytes => _buffer is null ? default : new(_buffer, 0, _length);

    /// <summary>Null with the message, or the refusal.</summary>
    public static RpcStatus? TryInflate(in ReadOnlySequence<byte> compressed, int maximumBytes, out GzipMessage message)
    {
        message = default;
        if (compressed.IsEmpty)
            return null; // .NET's GZipStream leaves nothing of nothing, so grpc-dotnet sends this for an empty message
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Math.Min(FirstBufferBytes, maximumBytes + 1));
        try
        {
            int length = 0;
            using Stream source = PipeReader.Create(compressed).AsStream();
            using var inflated = new GZipStream(source, CompressionMode.Decompress);
            while (inflated.Read(buffer, length, buffer.Length - length) is > 0 and int read)
            {
                length += read;
                if (length > maximumBytes)
                    return Statuses.MessageTooLarge(maximumBytes);
                if (length == buffer.Length)
                    buffer = Grow(buffer);
            }

            if (!EndsWithLength(compressed, length))
                return Statuses.CorruptGzip;
            message = new GzipMessage(buffer, length);
            buffer = [];
            return null;
        }
        catch (InvalidDataException)
        {
            return Statuses.CorruptGzip;
        }
        finally
        {
            if (buffer.Length > 0)
                ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Compresses a message; false when the result does not fit, that is when it does not pay.</summary>
    public static bool TryDeflate(ReadOnlySpan<byte> message, Memory<byte> destination, out int length)
    {
        using var target = new BoundedStream(destination);
        using (var deflated = new GZipStream(target, CompressionLevel.Fastest, leaveOpen: true))
            deflated.Write(message);
        length = target.Written;
        return !target.HasOverflowed;
    }

    public void Dispose()
    {
        if (_buffer is not null)
            ArrayPool<byte>.Shared.Return(_buffer);
    }

    // GZipStream checks the checksum when it comes, but takes the end of its input for the end of the message. The length that
    // ends every gzip tells whether it was all there.
    private static bool EndsWithLength(in ReadOnlySequence<byte> compressed, int length)
    {
        if (compressed.Length < GzipBytesMinimum)
            return false;
        Span<byte> end = stackalloc byte[LengthBytes];
        compressed.Slice(compressed.Length - LengthBytes).CopyTo(end);
        return BinaryPrimitives.ReadInt32LittleEndian(end) == length;
    }

    private static byte[] Grow(byte[] buffer)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
        buffer.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }
}
