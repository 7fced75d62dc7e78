using Metering.Grpc.Tests.Protos;

namespace Metering.Grpc.Tests;

/// <summary>The probe: a service whose methods do what a test tells them.</summary>
internal sealed class ProbeService
{
    public const int EchoBytes = 64 * 1024;
    public const int BehaveBytes = 4096;

    private static readonly ProtobufCodec<BehaveResponse> ResponseCodec = ProtobufCodec<BehaveResponse>.Instance;

    /// <summary>Counts what was read and released of every request but Echo's and Find's.</summary>
    public CountingCodec<BehaveRequest> BehaveCodec { get; } = new();

    public Func<BehaveRequest, RpcCall, ValueTask<RpcResult<BehaveResponse>>> Behave { get; set; } =
        (request, _) => new(new BehaveResponse { Text = request.Text, Count = request.Count, Padding = request.Padding });

    public Func<RpcReader<BehaveRequest>, RpcCall, ValueTask<RpcResult<BehaveResponse>>> Collect { get; set; } =
        async (reader, _) =>
        {
            var response = new BehaveResponse();
            while (await reader.ReadAsync())
            {
                response.Count++;
                response.Text += reader.Current.Text;
            }

            return response;
        };

    public Func<BehaveRequest, RpcWriter<BehaveResponse>, RpcCall, ValueTask<RpcStatus>> Repeat { get; set; } =
        async (request, writer, _) =>
        {
            for (int index = 0; index < request.Count; index++)
                await writer.WriteAsync(new BehaveResponse { Text = request.Text, Count = index });
            return RpcStatus.Ok;
        };

    public Func<RpcReader<BehaveRequest>, RpcWriter<BehaveResponse>, RpcCall, ValueTask<RpcStatus>> Converse { get; set; } =
        async (reader, writer, _) =>
        {
            while (await reader.ReadAsync())
                await writer.WriteAsync(new BehaveResponse { Text = reader.Current.Text });
            return RpcStatus.Ok;
        };

    /// <summary>
    /// Lets all four shapes do the same, before any message is written, and end as that says. A stream's messages are not read.
    /// </summary>
    public void EndEachWith(Func<RpcCall, ValueTask<RpcStatus>> end)
    {
        Behave = async (_, call) => await end(call);
        Collect = async (_, call) => await end(call);
        Repeat = (_, _, call) => end(call);
        Converse = (_, _, call) => end(call);
    }

    public RpcService Service => new RpcService(ProbeReflection.Descriptor.Services.Single())
        .Unary<Everything, Everything>("Echo", (request, _) => new(request), EchoBytes)
        .Unary("Behave", BehaveCodec, ResponseCodec, (request, call) => Behave(request, call), BehaveBytes)
        .Unary<FindRequest, FindRequest>("Find", (request, _) => new(request), BehaveBytes)
        .ClientStreaming("Collect", BehaveCodec, ResponseCodec, (reader, call) => Collect(reader, call), BehaveBytes)
        .ServerStreaming("Repeat", BehaveCodec, ResponseCodec, (request, writer, call) => Repeat(request, writer, call), BehaveBytes)
        .Duplex("Converse", BehaveCodec, ResponseCodec, (reader, writer, call) => Converse(reader, writer, call), BehaveBytes);
}
