using Google.Protobuf;
using Metering.Grpc.Tests.Protos;

namespace Metering.Grpc.Tests;

/// <summary>Answers larger than what the client lets the server send at once: they stop, go on, and harm nobody.</summary>
public sealed class FlowControlTests : IAsyncLifetime
{
    private const int WindowBytes = 65535; // what HTTP/2 gives every stream and connection at first
    private const int LargeBytes = 200_000;

    private readonly ProbeService _probe = new();
    private readonly ManualTime _time = new();
    private ProbeHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ProbeHost.StartAsync(_time, _probe.Service);

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData("Behave", true)]
    [InlineData("Behave", false)]
    [InlineData("Collect", true)]
    [InlineData("Collect", false)]
    [InlineData("Repeat", true)]
    [InlineData("Repeat", false)]
    [InlineData("Converse", true)]
    [InlineData("Converse", false)]
    public async Task An_answer_larger_than_the_windows_comes_whole_and_so_does_the_next(string shape, bool isConnectionFirst)
    {
        AnswerLargely();
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        for (int round = 0; round < 5; round++)
        {
            int stream = await OpenAsync(client, shape);
            List<RawFrame> frames = [];
            int received = 0;
            do
            {
                RawFrame frame = await client.ReadAsync(stream);
                frames.Add(frame);
                received += frame.Type == RawFrame.Data ? frame.Payload.Length : 0;
                if (received == WindowBytes)
                {
                    // Both windows are used up: the server waits for both.
                    await client.WidenAsync(isConnectionFirst ? 0 : stream, LargeBytes);
                    await client.WidenAsync(isConnectionFirst ? stream : 0, LargeBytes);
                }
            }
            while (!frames[^1].EndsStream && frames[^1].Type != RawFrame.Reset);
            var answer = new RawAnswer(frames);
            Assert.Equal(RpcCode.Ok, answer.Code);
            Assert.Equal(LargeBytes, BehaveResponse.Parser.ParseFrom(Assert.Single(answer.Messages)).Padding.Length);

            // The connection's window is what it was: the next round begins like the first.
            await client.WidenAsync(0, received - LargeBytes);
        }

        Assert.Empty(_host.Log.Faults);
    }

    [Fact]
    public async Task A_client_that_takes_nothing_more_still_cancels_and_others_are_served()
    {
        AnswerLargely();
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        int blocked = await OpenAsync(client, "Repeat");
        int received = 0;
        while (received < WindowBytes)
            received += (await client.ReadAsync(blocked)) is { Type: RawFrame.Data } frame ? frame.Payload.Length : 0;
        await client.ResetAsync(blocked);

        // The connection's window is still used up; an answer without a body needs none.
        _probe.EndEachWith(_ => new(new RpcStatus(RpcCode.NotFound, "none")));
        int other = await OpenAsync(client, "Behave");
        Assert.Equal(RpcCode.NotFound, (await RawAnswer.ReadAsync(client, other)).Code);
        await Eventually.HoldsAsync(() => _probe.BehaveCodec.EachReleasedOnce);
        Assert.Empty(_host.Log.Faults);
    }

    [Fact]
    public async Task Requests_larger_together_than_the_servers_window_are_let_in_as_they_are_read()
    {
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        int stream = await client.OpenAsync(ConformanceHost.PathOf("Converse"));
        byte[] message = GrpcClient.Frame(new BehaveRequest { Padding = ByteString.CopyFrom(new byte[4000]) }.ToByteArray());
        int received = 0;
        for (int turn = 0; turn < 300; turn++)
        {
            await client.SendDataAsync(stream, message);
            while (received <= turn)
                received += (await client.ReadAsync(stream)).Type == RawFrame.Data ? 1 : 0;
        }

        await client.SendDataAsync(stream, default, endStream: true);
        Assert.True((await client.ReadToEndAsync(stream))[^1].Spells("grpc-status", "0"));
        Assert.True(300 * message.Length > 786_432); // the server's window of a stream
    }

    private void AnswerLargely()
    {
        var large = new BehaveResponse { Padding = ByteString.CopyFrom(new byte[LargeBytes]) };
        _probe.Behave = (_, _) => new(large);
        _probe.Collect = async (reader, _) =>
        {
            await reader.ReadAsync();
            return large;
        };
        _probe.Repeat = async (_, writer, _) =>
        {
            await writer.WriteAsync(large);
            return RpcStatus.Ok;
        };
        _probe.Converse = async (_, writer, _) =>
        {
            await writer.WriteAsync(large);
            return RpcStatus.Ok;
        };
    }

    private static async Task<int> OpenAsync(RawHttp2 client, string shape)
    {
        int stream = await client.OpenAsync(ConformanceHost.PathOf(shape));
        await client.SendDataAsync(stream, GrpcClient.Frame([]), endStream: true);
        return stream;
    }
}
