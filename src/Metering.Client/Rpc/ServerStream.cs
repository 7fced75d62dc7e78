using Google.Protobuf;

namespace Metering.Client;

/// <summary>The messages of one call that answers with a stream of them. Read by one caller at a time.</summary>
internal sealed class ServerStream<TResponse>(
    HttpResponseMessage response, Stream body, MessageParser<TResponse> parser, Func<Exception, MeteringException> explain) : IDisposable
    where TResponse : IMessage<TResponse>
{
    private byte[] _buffer = new byte[4096]; // grown to the largest message, and used again for each

    /// <summary>Waits for the next message; null when the server has ended the stream with OK.</summary>
    /// <exception cref="MeteringException">The server ended it otherwise, or the connection broke.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async ValueTask<TResponse?> NextAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (await ReadMessageAsync(cancellationToken) is { } message)
                return parser.ParseFrom(message.Span);
        }
        catch (Exception fault) when (RpcCaller.IsOfTheCall(fault))
        {
            throw explain(fault);
        }

        return StatusHeaders.Read(response) is { } failure ? throw failure : default;
    }

    /// <inheritdoc/>
    public void Dispose() => response.Dispose(); // and tells the server, if it still streams

    private async ValueTask<ReadOnlyMemory<byte>?> ReadMessageAsync(CancellationToken cancellationToken)
    {
        int prefix = await body.ReadAtLeastAsync(
            _buffer.AsMemory(0, MessageFrame.PrefixBytes), MessageFrame.PrefixBytes, throwOnEndOfStream: false, cancellationToken);
        if (prefix == 0)
            return null;
        if (prefix < MessageFrame.PrefixBytes)
            throw new InvalidDataException("the answer breaks off within a frame's prefix");
        uint length = MessageFrame.LengthOf(_buffer);
        if (length > MessageFrame.AnswerBytesMaximum)
            throw new InvalidDataException($"a message is longer than {MessageFrame.AnswerBytesMaximum} bytes");
        if (length > _buffer.Length)
            _buffer = new byte[length];
        Memory<byte> message = _buffer.AsMemory(0, (int)length);
        int read = await body.ReadAtLeastAsync(message, message.Length, throwOnEndOfStream: false, cancellationToken);
        return read == message.Length ? message : throw new InvalidDataException($"the answer breaks off: {read} of {length} bytes");
    }
}
