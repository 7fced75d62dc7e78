using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Metering.Grpc;

/// <summary>The refusals of this layer itself, each in words that say what was wrong.</summary>
internal static class Statuses
{
    public static readonly RpcStatus DeadlineExceeded = new(RpcCode.DeadlineExceeded, "the deadline passed");
    public static readonly RpcStatus Cancelled = new(RpcCode.Cancelled, "the client gave up the call");
    public static readonly RpcStatus Stopping = new(RpcCode.Unavailable, "the server is stopping");
    public static readonly RpcStatus Fault = new(RpcCode.Internal, "internal error");

    public static readonly RpcStatus MemoryFull = new(
        RpcCode.ResourceExhausted, "too many request messages are being received or served at once; send the call again shortly", Retry());

    public static readonly RpcStatus TooManyStreams = new(
        RpcCode.ResourceExhausted, "too many streaming calls are open at once; close some, or try again later", Retry());

    public static readonly RpcStatus NoMessage = new(RpcCode.Unimplemented, "the call takes exactly one request message and got none");
    public static readonly RpcStatus SecondMessage = new(RpcCode.Unimplemented, "the call takes exactly one request message and got more");
    public static readonly RpcStatus Truncated = new(RpcCode.Internal, "the request ends within a message");
    public static readonly RpcStatus CorruptGzip = new(RpcCode.Internal, "a compressed request message is not valid gzip");

    public static readonly RpcStatus MalformedBody = new(
        RpcCode.InvalidArgument, "the request body is not sent as HTTP/1.1 asks: it ends too early, or its chunks or trailers are malformed");

    public static readonly RpcStatus CompressedWithoutEncoding = new(
        RpcCode.Internal, "a request message is flagged as compressed, but grpc-encoding names no compression");

    public static RpcStatus BodyTooSlow(MinDataRate? rate) => new(RpcCode.DeadlineExceeded, rate is null
        ? "the request body arrived too slowly"
        : $"the request body arrived at less than {rate.BytesPerSecond} bytes per second for {rate.GracePeriod.TotalSeconds} seconds");

    public static RpcStatus UnknownFrameFlag(byte flag) => new(
        RpcCode.Internal, $"a message frame starts with flag {flag}; known are 0 and 1");

    public static RpcStatus MessageTooLarge(int maximumBytes) => new(
        RpcCode.ResourceExhausted, $"the request message is larger than {maximumBytes} bytes, the limit of this method");

    public static RpcStatus MalformedMessage(string reason) => new(
        RpcCode.Internal, $"the request message is malformed protobuf: {reason}");

    public static RpcStatus UnknownMethod(string path) => new(RpcCode.Unimplemented, $"unknown method {path}");

    public static RpcStatus UnsupportedEncoding(string encoding) => new(
        RpcCode.Unimplemented, $"grpc-encoding \"{encoding}\" is not supported; supported are {MessageEncodings.Accepted}");

    public static RpcStatus MalformedTimeout(string value) => new(
        RpcCode.Internal, $"grpc-timeout \"{value}\" is malformed; it is 1 to 8 digits and one of H M S m u n");

    public static RpcStatus BodyTooLarge(int maximumBytes) => new(
        RpcCode.ResourceExhausted, $"the request body is larger than {maximumBytes} bytes, the limit of this method");

    public static RpcStatus WrongHttpMethod(string method, string allowed) => new(
        RpcCode.Unimplemented, $"{method} is not possible here; use {allowed}");

    public static RpcStatus UnsupportedContentEncoding(string encoding) => new(
        RpcCode.Unimplemented, $"content-encoding \"{encoding}\" is not supported; send the body as it is");

    private static List<IMessage> Retry() => [new RetryInfo { RetryDelay = new Duration { Seconds = 1 } }];
}
