using System.Buffers;

namespace Metering.Grpc.Cost;

/// <summary>The service on Metering.Grpc. A message is the number of its bytes, so that protobuf costs nothing on either side.</summary>
internal static class LayerHandler
{
    public static RpcServices Make(int messageBytes)
    {
        var codec = new ZerosCodec(messageBytes);
        int maximumBytes = Math.Max(1, messageBytes);
        RpcService nothing = new RpcService(NothingReflection.Descriptor.Services.Single())
            .Unary("AnswerNow", codec, codec, (length, _) => new ValueTask<RpcResult<int>>(length), maximumBytes)
            .Unary("AnswerLater", codec, codec, (length, _) => Work.YieldAsync<RpcResult<int>>(length), maximumBytes);
        return new RpcServices([nothing]);
    }

    private sealed class ZerosCodec(int messageBytes) : MessageCodec<int>
    {
        private readonly byte[] _message = new byte[messageBytes];

        public override int Read(in ReadOnlySequence<byte> message) => (int)message.Length;

        public override int SizeOf(int message) => _message.Length;

        public override void Write(int message, Span<byte> destination) => _message.CopyTo(destination);
    }
}
