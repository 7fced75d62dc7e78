using Google.Protobuf;
using Metering.Grpc.Tests.Protos;

namespace Metering.Grpc.Tests;

public sealed class StreamingTests : IAsyncLifetime
{
    private const string Collect = "/metering.grpc.tests.Probe/Collect";
    private const string Repeat = "/metering.grpc.tests.Probe/Repeat";
    private const string Converse = "/metering.grpc.tests.Probe/Converse";

    private readonly ProbeService _probe = new();
    private ProbeHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ProbeHost.StartAsync(_probe.Service);

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100)]
    public async Task A_client_streams_any_number_of_messages(int count)
    {
        byte[] body = [.. Enumerable.Range(0, count)
            .SelectMany(index => GrpcClient.Frame(new BehaveRequest { Text = $"{index}," }.ToByteArray()))];

        GrpcAnswer answer = await _host.SendAsync(Collect, body);

        BehaveResponse response = BehaveResponse.Parser.ParseFrom(Assert.Single(answer.Messages));
        Assert.Equal((count, string.Concat(Enumerable.Range(0, count).Select(index => $"{index},"))), (response.Count, response.Text));
        Assert.Equal(count, _probe.BehaveCodec.Reads);
        Assert.True(_probe.BehaveCodec.EachReleasedOnce);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1000)]
    public async Task A_server_streams_any_number_of_messages(int count)
    {
        GrpcAnswer answer = await _host.CallAsync(Repeat, new BehaveRequest { Text = "t", Count = count });

        Assert.Equal(RpcCode.Ok, answer.Code);
        Assert.False(answer.IsTrailersOnly);
        Assert.Equal(Enumerable.Range(0, count), answer.Messages.Select(message => BehaveResponse.Parser.ParseFrom(message).Count));
        Assert.True(_probe.BehaveCodec.EachReleasedOnce);
    }

    [Fact]
    public async Task Each_message_is_answered_before_the_client_sends_the_next()
    {
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        int stream = await client.OpenAsync(Converse);
        for (int turn = 0; turn < 5; turn++)
        {
            await client.SendDataAsync(stream, GrpcClient.Frame(new BehaveRequest { Text = $"turn {turn}" }.ToByteArray()));
            RawFrame frame = await client.ReadAsync(stream);
            if (turn == 0)
            {
                Assert.Equal(RawFrame.Headers, frame.Type);
                frame = await client.ReadAsync(stream);
            }

            Assert.Equal(RawFrame.Data, frame.Type);
            Assert.Equal($"turn {turn}", BehaveResponse.Parser.ParseFrom(frame.Payload.AsSpan(5).ToArray()).Text);
        }

        await client.SendDataAsync(stream, default, endStream: true);
        RawFrame end = Assert.Single(await client.ReadToEndAsync(stream));
        Assert.True(end.Spells("grpc-status", "0"));
        await Eventually.HoldsAsync(() => _probe.BehaveCodec.EachReleasedOnce);
    }

    [Fact]
    public async Task An_error_before_the_first_message_is_trailers_only_and_after_it_trailers()
    {
        _probe.Repeat = async (request, writer, _) =>
        {
            for (int index = 0; index < request.Count; index++)
                await writer.WriteAsync(new BehaveResponse());
            return new RpcStatus(RpcCode.DataLoss, "broke off");
        };

        GrpcAnswer before = await _host.CallAsync(Repeat, new BehaveRequest { Count = 0 });
        GrpcAnswer after = await _host.CallAsync(Repeat, new BehaveRequest { Count = 2 });

        Assert.Equal((RpcCode.DataLoss, true, 0), (before.Code, before.IsTrailersOnly, before.Messages.Count));
        Assert.Equal((RpcCode.DataLoss, false, 2), (after.Code, after.IsTrailersOnly, after.Messages.Count));
    }

    [Fact]
    public async Task A_bad_message_within_a_stream_ends_it_with_its_status()
    {
        byte[] good = GrpcClient.Frame(new BehaveRequest { Text = "a" }.ToByteArray());

        Assert.Equal(RpcCode.Internal, (await _host.SendAsync(Collect, [.. good, .. GrpcClient.Frame([0xFF])])).Code);
        Assert.Equal(RpcCode.Internal, (await _host.SendAsync(Collect, [.. good, 0, 0, 0])).Code);
        Assert.Equal(RpcCode.ResourceExhausted, (await _host.SendAsync(Collect, [.. good, 0, 0, 1, 0, 0])).Code);
        Assert.True(_probe.BehaveCodec.EachReleasedOnce);
        Assert.Empty(_host.Log.Faults);
    }

    [Fact]
    public async Task A_handler_may_answer_before_it_has_read_everything()
    {
        _probe.Collect = async (reader, _) =>
        {
            await reader.ReadAsync();
            return new RpcStatus(RpcCode.ResourceExhausted, "enough");
        };
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        int stream = await client.OpenAsync(Collect);
        await client.SendDataAsync(stream, GrpcClient.Frame([]));

        RawFrame end = await client.ReadAsync(stream);

        Assert.True(end.EndsStream && end.Spells("grpc-status", "8"));
        await Eventually.HoldsAsync(() => _probe.BehaveCodec.EachReleasedOnce);
    }

    [Fact]
    public async Task A_reset_stream_ends_its_handler()
    {
        var ended = new TaskCompletionSource<Exception?>();
        _probe.Converse = async (reader, _, _) =>
        {
            ended.SetResult(await Record.ExceptionAsync(async () =>
            {
                while (await reader.ReadAsync())
                {
                }
            }));
            return RpcStatus.Ok;
        };
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        int stream = await client.OpenAsync(Converse);
        await client.SendDataAsync(stream, GrpcClient.Frame([]));
        await Eventually.HoldsAsync(() => _probe.BehaveCodec.Reads == 1);

        await client.ResetAsync(stream);

        Assert.NotNull(await ended.Task.WaitAsync(TestContext.Current.CancellationToken));
        await Eventually.HoldsAsync(() => _probe.BehaveCodec.EachReleasedOnce);
        Assert.Empty(_host.Log.Faults);
    }

    [Fact]
    public async Task Streams_end_when_the_server_stops()
    {
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        int stream = await client.OpenAsync(Converse);
        await client.SendDataAsync(stream, GrpcClient.Frame([]));
        Assert.Equal(RawFrame.Headers, (await client.ReadAsync(stream)).Type);
        Assert.Equal(RawFrame.Data, (await client.ReadAsync(stream)).Type);

        Task stopping = _host.StopAsync();

        RawFrame end = Assert.Single(await client.ReadToEndAsync(stream));
        Assert.True(end.Spells("grpc-status", "14"));
        Assert.True(end.Spells("grpc-message", "the server is stopping"));

        // As clients do after GOAWAY; Kestrel may otherwise wait for the other half of the stream.
        client.Dispose();
        await stopping;
    }
}
