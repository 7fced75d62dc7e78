using System.Buffers;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Metering.Grpc;

/// <summary>Between a message and its protobuf bytes. Stateless and thread-safe: one serves every call.</summary>
public abstract class MessageCodec<T>
{
    /// <summary>Parses one message. The bytes are valid only during the call.</summary>
    /// <exception cref="RpcException">What the caller hears of malformed bytes: <see cref="MalformedProtobuf.Refuse"/>.</exception>
    public abstract T Read(in ReadOnlySequence<byte> message);

    /// <summary>Length of the message, in bytes.</summary>
    public abstract int SizeOf(T message);

    /// <summary>Fills the destination, which is exactly <see cref="SizeOf"/> bytes long.</summary>
    public abstract void Write(T message, Span<byte> destination);

    /// <summary>
    /// Called exactly once for every message that <see cref="Read"/> returned, when nothing touches it any more: the
    /// handler has finished and the response was encoded. Lets requests be pooled.
    /// </summary>
    public virtual void Release(T message)
    {
    }
}

/// <summary>The codec of generated messages.</summary>
public sealed class ProtobufCodec<T> : MessageCodec<T>
    where T : class, IMessage<T>, new()
{
    private static readonly MessageParser<T> Parser = new(() => new T());
    private static readonly MessageDescriptor Descriptor = new T().Descriptor;

    private ProtobufCodec()
    {
    }

#pragma warning disable CA1000 // One instance a type argument is what is meant.
    /// <summary>The one codec of this type.</summary>
    public static ProtobufCodec<T> Instance { get; } = new();
#pragma warning restore CA1000

    /// <inheritdoc/>
    public override T Read(in ReadOnlySequence<byte> message)
    {
        try
        {
            T read = Parser.ParseFrom(message);
            return MalformedProtobuf.FindOverlooked(message, Descriptor) is { } fault ? throw new RpcException(fault) : read;
        }
        catch (InvalidProtocolBufferException malformed)
        {
            throw new RpcException(MalformedProtobuf.Refuse(message, Descriptor, malformed.Message));
        }
    }

    /// <inheritdoc/>
    public override int SizeOf(T message) => message.CalculateSize();

    /// <inheritdoc/>
    public override void Write(T message, Span<byte> destination) => message.WriteTo(destination);
}
