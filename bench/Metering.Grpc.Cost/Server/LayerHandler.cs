using System.Buffers;

namespace Metering.Grpc.Cost;

/// <summary>The service on Metering.Grpc. Every message is the same object, so that protobuf costs nothing on either side.</summary>
internal static class LayerHandler
{
    public static RpcServices Make(int messageBytes)
    {
        var codec = new ZerosCodec(messageBytes);
        int maximumBytes = Math.Max(1, messageBytes);
        RpcService nothing = new RpcService(NothingReflection.Descriptor.Services.Single())
            .Unary("AnswerNow", codec, codec, (zeros, _) => new ValueTask<RpcResult<Zeros>>(zeros), maximumBytes)
            .Unary("AnswerLater", codec, codec, (zeros, _) => Work.YieldAsync<RpcResult<Zeros>>(zeros), maximumBytes);
        return new RpcServices([nothing]);
    }

    private sealed record Zeros(byte[] Bytes);

    private sealed class ZerosCodec(int messageBytes) : MessageCodec<Zeros>
    {
        private readonly Zeros _message = new(new byte[messageBytes]);

        public override Zeros Read(in ReadOnlySequence<byte> message) => _message;

        public override int SizeOf(Zeros message) => message.Bytes.Length;

        public override void Write(Zeros message, Span<byte> destination) => message.Bytes.CopyTo(destination);
    }
}
