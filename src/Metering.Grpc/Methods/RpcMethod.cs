using System.Buffers;
using Google.Protobuf.Reflection;

namespace Metering.Grpc;

/// <summary>A method that is served: its descriptor, its limit, and how one call of it runs.</summary>
internal abstract class RpcMethod(MethodDescriptor descriptor, int maximumMessageBytes)
{
    public MethodDescriptor Descriptor { get; } = descriptor;

    /// <summary>Full name, as in <c>package.Service/Method</c>.</summary>
    public string Name { get; } = $"{descriptor.Service.FullName}/{descriptor.Name}";

    /// <summary>The HTTP/2 path.</summary>
    public string Path => "/" + Name;

    /// <summary>Largest request message, in bytes, after decompression.</summary>
    public int MaximumMessageBytes { get; } = maximumMessageBytes;

    /// <summary>Asked before anything of a request is read: null lets the call in.</summary>
    public Func<RpcCall, RpcStatus?>? Guard { get; set; }

    public bool IsStreaming => Descriptor.IsClientStreaming || Descriptor.IsServerStreaming;

    /// <summary>
    /// Runs one gRPC call from its first message to its status, which it hands to <see cref="GrpcServer.End"/>. Never fails.
    /// </summary>
    public abstract Task ServeAsync(RpcCall call, GrpcServer server);

    /// <summary>Runs one call from the bytes of its request message to those of its response message. Unary methods only.</summary>
    public virtual ValueTask<RpcStatus?> ServeMessageAsync(
        ReadOnlySequence<byte> request, IBufferWriter<byte> response, RpcCall call, ICallWire wire) =>
        throw new NotSupportedException($"{Name} streams: it has no single request and response.");
}
