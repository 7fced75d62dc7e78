using System.Buffers;
using Microsoft.AspNetCore.Http;

namespace Metering.Grpc;

/// <summary>Writes one response message of a gRPC call, compressed where the client takes that and it pays.</summary>
internal static class ResponseMessage
{
    /// <summary>
    /// Smallest message that is compressed, in bytes. Setting up a compressor costs more than the few packets that a smaller
    /// message would save.
    /// </summary>
    public const int CompressedFromBytes = 16 * 1024;

    /// <summary>Writes into the response's memory, without flushing.</summary>
    public static void Write<T>(RpcCall call, MessageCodec<T> codec, T message)
    {
        HttpResponse response = call.HttpContext.Response;
        int length = codec.SizeOf(message);

        // The header names the encoding of every message to come, so that a stream settles it with its first one.
        if (!call.HasWritten && (call.Method.Descriptor.IsServerStreaming || (length >= CompressedFromBytes && call.MayCompressResponses)))
            SettleEncoding(call, response);
        call.HasWritten = true;
        if (call.HasGzipResponses && call.MayCompressResponses && length >= CompressedFromBytes)
            WriteSmaller(response, codec, message, length);
        else
            FrameWriter.WriteFrame(response.BodyWriter, codec, message, length);
    }

    private static void SettleEncoding(RpcCall call, HttpResponse response)
    {
        call.HasGzipResponses = MessageEncodings.AcceptsGzip(call.RequestHeaders[MessageEncodings.AcceptHeaderName]);
        if (call.HasGzipResponses)
            response.Headers.GrpcEncoding = MessageEncodings.Gzip;
    }

    private static void WriteSmaller<T>(HttpResponse response, MessageCodec<T> codec, T message, int length)
    {
        byte[] plain = ArrayPool<byte>.Shared.Rent(length);
        byte[] compressed = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            codec.Write(message, plain.AsSpan(0, length));
            if (GzipMessage.TryDeflate(plain.AsSpan(0, length), compressed.AsMemory(0, length - 1), out int compressedLength))
                FrameWriter.WriteFrame(response.BodyWriter, compressed.AsSpan(0, compressedLength), isCompressed: true);
            else
                FrameWriter.WriteFrame(response.BodyWriter, plain.AsSpan(0, length), isCompressed: false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(plain);
            ArrayPool<byte>.Shared.Return(compressed);
        }
    }
}
