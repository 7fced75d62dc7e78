using Google.Protobuf;
using Metering.Grpc.Tests.Protos;

namespace Metering.Grpc.Tests;

/// <summary>Calls that end before their handler wants to: by deadline, by the client, by the server's stop. Each shape of call.</summary>
public sealed class EndOfCallTests : IAsyncLifetime
{
    private static readonly byte[] Message = GrpcClient.Frame(new BehaveRequest { Text = "t" }.ToByteArray());

    // Deadlines pass up to so much late, and never early.
    private static readonly TimeSpan TickOfDeadlines = TimeSpan.FromMilliseconds(20);

    private readonly ProbeService _probe = new();
    private readonly ManualTime _time = new();
    private readonly TaskCompletionSource<RpcCall> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _cancelled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ProbeHost _host = null!;

    public static MatrixTheoryData<string, bool> ShapesHalfClosedOrNot => new(ConformanceHost.Shapes, [true, false]);

    public static MatrixTheoryData<string, string> TimeoutsOfEachShape => new(
        ConformanceHost.Shapes, ["1H", "1M", "1S", "1m", "1u", "1n", "00000001S", "99999999m"]);

    public static MatrixTheoryData<string, string> MalformedTimeouts => new(
        ConformanceHost.Shapes, ["S", "1", "1s", "1h", "-1S", "+1S", "1.5S", "1 S", "123456789S", "1SS", "0x1S", "1S,1S"]);

    public static MatrixTheoryData<string, int> PartsOfEachShape => new(
        ConformanceHost.SingleRequestShapes, [0, 3, Message.Length - 1, Message.Length]);

    public async ValueTask InitializeAsync() => _host = await ProbeHost.StartAsync(_time, _probe.Service);

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [MemberData(nameof(TimeoutsOfEachShape))]
    public async Task Every_unit_of_timeout_cancels_the_handler_and_answers_deadline_exceeded(string shape, string timeout)
    {
        WaitInEach();
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        int stream = await OpenAsync(client, shape, isHalfClosed: true, ("grpc-timeout", timeout));
        RpcCall call = await StartedAsync();

        _time.Advance(call.Deadline!.Value - _time.GetUtcNow() + TickOfDeadlines);

        RawAnswer answer = await RawAnswer.ReadAsync(client, stream);
        Assert.True(answer.IsTrailersOnly, $"{answer}");
        Assert.Equal((RpcCode.DeadlineExceeded, "the deadline passed"), (answer.Code, answer.Message));
        await CancelledAsync();
    }

    [Theory]
    [MemberData(nameof(MalformedTimeouts))]
    public async Task A_malformed_timeout_is_internal_and_never_reaches_the_handler(string shape, string timeout)
    {
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        int stream = await OpenAsync(client, shape, isHalfClosed: false, ("grpc-timeout", timeout));

        RawAnswer answer = await RawAnswer.ReadAsync(client, stream);

        Assert.True(answer.IsTrailersOnly, $"{answer}");
        Assert.Equal(RpcCode.Internal, answer.Code);
        Assert.Equal($"grpc-timeout \"{timeout}\" is malformed; it is 1 to 8 digits and one of H M S m u n", answer.Message);
        Assert.Equal(0, _probe.BehaveCodec.Reads);
    }

    [Theory]
    [InlineData("Behave")]
    [InlineData("Collect")]
    [InlineData("Repeat")]
    [InlineData("Converse")]
    public async Task A_timeout_of_nothing_is_exceeded_at_once(string shape)
    {
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        int stream = await OpenAsync(client, shape, isHalfClosed: false, ("grpc-timeout", "0n"));

        RawAnswer answer = await RawAnswer.ReadAsync(client, stream);

        Assert.True(answer.IsTrailersOnly, $"{answer}");
        Assert.Equal(RpcCode.DeadlineExceeded, answer.Code);
    }

    [Theory]
    [MemberData(nameof(ShapesHalfClosedOrNot))]
    public async Task A_reset_stream_cancels_the_handler(string shape, bool isHalfClosed)
    {
        WaitInEach();
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        bool mustHalfClose = ConformanceHost.SingleRequestShapes.Contains(shape);
        int stream = await OpenAsync(client, shape, isHalfClosed || mustHalfClose);
        await StartedAsync();

        await client.ResetAsync(stream);

        await CancelledAsync();
        await Eventually.HoldsAsync(() => _probe.BehaveCodec.EachReleasedOnce);
        Assert.Empty(_host.Log.Faults);
    }

    [Theory]
    [MemberData(nameof(ShapesHalfClosedOrNot))]
    public async Task A_connection_that_breaks_cancels_the_handler(string shape, bool isHalfClosed)
    {
        WaitInEach();
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        bool mustHalfClose = ConformanceHost.SingleRequestShapes.Contains(shape);
        await OpenAsync(client, shape, isHalfClosed || mustHalfClose);
        await StartedAsync();

        client.Dispose();

        await CancelledAsync();
        Assert.Empty(_host.Log.Faults);
    }

    [Theory]
    [MemberData(nameof(PartsOfEachShape))]
    public async Task A_half_open_call_that_has_not_begun_is_unavailable_when_the_server_stops(string shape, int bytesSent)
    {
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        int stream = await client.OpenAsync(ConformanceHost.PathOf(shape));
        await client.SendDataAsync(stream, Message.AsMemory(0, bytesSent));
        await client.PingAsync([1, 2, 3, 4, 5, 6, 7, 8]);

        Task stopping = _host.StopAsync();

        RawAnswer answer = await RawAnswer.ReadAsync(client, stream);
        Assert.True(answer.IsTrailersOnly, $"{answer}");
        Assert.Equal((RpcCode.Unavailable, "the server is stopping"), (answer.Code, answer.Message));
        await HttpRulesTests.AssertToldToStopSendingAsync(client, stream);
        client.Dispose(); // as clients do after GOAWAY
        await stopping;
        Assert.True(_probe.BehaveCodec.EachReleasedOnce);
        Assert.Empty(_host.Log.Faults);
    }

    [Theory]
    [InlineData("Collect", false)]
    [InlineData("Collect", true)]
    [InlineData("Converse", false)]
    [InlineData("Converse", true)]
    public async Task A_half_open_stream_is_unavailable_when_the_server_stops(string shape, bool isWithinMessage)
    {
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        int stream = await client.OpenAsync(ConformanceHost.PathOf(shape));
        await client.SendDataAsync(stream, Message);
        if (isWithinMessage)
            await client.SendDataAsync(stream, Message.AsMemory(0, 6));
        await Eventually.HoldsAsync(() => _probe.BehaveCodec.Reads == 1);

        Task stopping = _host.StopAsync();

        RawAnswer answer = await RawAnswer.ReadAsync(client, stream);
        Assert.Equal((RpcCode.Unavailable, "the server is stopping"), (answer.Code, answer.Message));
        Assert.Equal(shape == "Collect", answer.IsTrailersOnly);
        await HttpRulesTests.AssertToldToStopSendingAsync(client, stream);
        client.Dispose();
        await stopping;
        Assert.Empty(_host.Log.Faults);
    }

    [Fact]
    public async Task A_unary_call_under_way_is_answered_before_a_stopping_server_closes_the_connection()
    {
        var commit = new TaskCompletionSource();
        _probe.Behave = async (request, call) =>
        {
            _started.SetResult(call);
            await commit.Task;
            return new BehaveResponse { Text = request.Text };
        };
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        int stream = await OpenAsync(client, "Behave", isHalfClosed: true);
        RpcCall call = await StartedAsync();

        Task stopping = _host.StopAsync();
        RawFrame goAway = await client.ReadGoAwayAsync();

        // "No new streams, and these go on": the largest number there is, and NO_ERROR.
        Assert.Equal([0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0], goAway.Payload[..8]);
        Assert.False(call.CancellationToken.IsCancellationRequested);
        commit.SetResult();
        RawAnswer answer = await RawAnswer.ReadAsync(client, stream);
        Assert.Equal(RpcCode.Ok, answer.Code);

        // As clients do after GOAWAY. While it stops, Kestrel looks at a connection only when its client sends something.
        await client.SendPingAsync([1, 2, 3, 4, 5, 6, 7, 8]);
        RawFrame last = await client.ReadGoAwayAsync();
        Assert.Equal([0, 0, 0, 1, 0, 0, 0, 0], last.Payload[..8]); // the last stream that was served
        await client.ReadToCloseAsync();
        client.Dispose();
        await stopping;
    }

    [Fact]
    public async Task Pings_are_answered_while_calls_wait()
    {
        WaitInEach();
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        await OpenAsync(client, "Converse", isHalfClosed: false);
        await StartedAsync();

        for (byte turn = 0; turn < 10; turn++)
            await client.PingAsync([turn, 2, 3, 4, 5, 6, 7, 255]);
    }

    [Fact]
    public async Task Each_message_reaches_its_reader_before_the_client_half_closes_or_the_handler_ends()
    {
        var received = new TaskCompletionSource<string>();
        _probe.Collect = async (reader, _) =>
        {
            await reader.ReadAsync();
            received.SetResult(reader.Current.Text);
            return await reader.ReadAsync() ? new BehaveResponse() : new BehaveResponse { Text = "end" };
        };
        var goOn = new TaskCompletionSource();
        _probe.Repeat = async (request, writer, _) =>
        {
            await writer.WriteAsync(new BehaveResponse { Text = request.Text });
            await goOn.Task;
            return RpcStatus.Ok;
        };
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);

        int collecting = await OpenAsync(client, "Collect", isHalfClosed: false);
        Assert.Equal("t", await received.Task.WaitAsync(TestContext.Current.CancellationToken));
        int repeating = await OpenAsync(client, "Repeat", isHalfClosed: true);
        Assert.Equal(RawFrame.Headers, (await client.ReadAsync(repeating)).Type);
        RawFrame message = await client.ReadAsync(repeating);
        Assert.Equal("t", BehaveResponse.Parser.ParseFrom(message.Payload[5..]).Text);

        goOn.SetResult();
        Assert.True((await client.ReadToEndAsync(repeating))[^1].Spells("grpc-status", "0"));
        await client.SendDataAsync(collecting, default, endStream: true);
        RawAnswer collected = await RawAnswer.ReadAsync(client, collecting);
        Assert.Equal("end", BehaveResponse.Parser.ParseFrom(Assert.Single(collected.Messages)).Text);
    }

    // Each handler waits until its call is cancelled.
    private void WaitInEach() => _probe.EndEachWith(async call =>
    {
        CancellationToken token = call.CancellationToken;
        _started.SetResult(call);
        await Task.Delay(Timeout.InfiniteTimeSpan, token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _cancelled.SetResult();
        token.ThrowIfCancellationRequested();
        return RpcStatus.Ok;
    });

    private Task<RpcCall> StartedAsync() => _started.Task.WaitAsync(TestContext.Current.CancellationToken);

    private Task CancelledAsync() => _cancelled.Task.WaitAsync(TestContext.Current.CancellationToken);

    private static async Task<int> OpenAsync(
        RawHttp2 client, string shape, bool isHalfClosed, params (string Name, string Value)[] headers)
    {
        int stream = await client.OpenAsync(ConformanceHost.PathOf(shape), headers);
        await client.SendDataAsync(stream, Message, isHalfClosed);
        return stream;
    }
}
