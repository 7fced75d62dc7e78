using System.Buffers;
using System.Text;
using Google.Protobuf.Reflection;

namespace Metering.Grpc;

/// <summary>The refusal of bytes that are not the protobuf message that they should be.</summary>
public static class MalformedProtobuf
{
    /// <summary>
    /// INTERNAL, with the field at which the message stops being sound and why. Walks the whole message once more: to be called
    /// when it could not be read.
    /// </summary>
    /// <param name="message">The bytes that could not be read.</param>
    /// <param name="type">What they should have been.</param>
    /// <param name="reason">What the reader had to say; used when this walk finds nothing wrong.</param>
    public static RpcStatus Refuse(in ReadOnlySequence<byte> message, MessageDescriptor type, string reason) =>
        Statuses.MalformedMessage(ProtobufFaultFinder.Find(Join(message), type) ?? reason);

    /// <summary>
    /// What the generated parsers read although protobuf's rules refuse it: text that is not UTF-8 (they put other characters in
    /// its place). Of plain ASCII no field needs a look.
    /// </summary>
    internal static RpcStatus? FindOverlooked(in ReadOnlySequence<byte> message, MessageDescriptor type)
    {
        ReadOnlySpan<byte> bytes = Join(message);
        return !Ascii.IsValid(bytes) && ProtobufFaultFinder.Find(bytes, type) is { } fault ? Statuses.MalformedMessage(fault) : null;
    }

    private static ReadOnlySpan<byte> Join(in ReadOnlySequence<byte> message) =>
        message.IsSingleSegment ? message.FirstSpan : message.ToArray();
}
