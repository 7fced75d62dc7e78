using Google.Protobuf;
using Metering.Grpc.Tests.Protos;

namespace Metering.Grpc.Tests;

public sealed class DeadlineTests : IAsyncLifetime
{
    private const string Behave = "/metering.grpc.tests.Probe/Behave";

    private readonly ManualTime _time = new();
    private readonly ProbeService _probe = new();
    private ProbeHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ProbeHost.StartAsync(_time, _probe.Service);

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData("1H", 36_000_000_000)]
    [InlineData("2M", 1_200_000_000)]
    [InlineData("3S", 30_000_000)]
    [InlineData("4m", 40_000)]
    [InlineData("5u", 50)]
    [InlineData("600n", 6)]
    [InlineData("1n", 1)]
    [InlineData("0n", 0)]
    [InlineData("00000001S", 10_000_000)]
    [InlineData("99999999H", 3_599_999_964_000_000_000)]
    public void Timeouts_are_read_in_every_unit(string header, long ticks)
    {
        Assert.True(GrpcTimeout.TryParse(header, out TimeSpan? timeout));
        Assert.Equal(ticks, timeout!.Value.Ticks);
    }

    [Theory]
    [InlineData("")]
    [InlineData("S")]
    [InlineData("1")]
    [InlineData("1s")]
    [InlineData("1h")]
    [InlineData("-1S")]
    [InlineData("+1S")]
    [InlineData("1.5S")]
    [InlineData(" 1S")]
    [InlineData("1 S")]
    [InlineData("123456789S")]
    [InlineData("1SS")]
    public async Task A_malformed_timeout_is_internal(string header)
    {
        Assert.False(GrpcTimeout.TryParse(header, out _));
        if (header.Length == 0 || header[0] == ' ')
            return;

        GrpcAnswer answer = await _host.CallAsync(Behave, new BehaveRequest(), ("grpc-timeout", header));

        Assert.Equal(RpcCode.Internal, answer.Code);
        Assert.Equal(0, _probe.BehaveCodec.Reads);
    }

    [Fact]
    public async Task A_deadline_that_has_passed_already_never_reaches_the_handler()
    {
        GrpcAnswer answer = await _host.CallAsync(Behave, new BehaveRequest(), ("grpc-timeout", "0n"));

        Assert.Equal(RpcCode.DeadlineExceeded, answer.Code);
        Assert.True(answer.IsTrailersOnly);
        Assert.Equal(0, _probe.BehaveCodec.Reads);
    }

    [Fact]
    public async Task On_expiry_the_client_is_answered_at_once_while_the_handler_runs_to_its_end()
    {
        var started = new TaskCompletionSource();
        var commit = new TaskCompletionSource();
        bool wasCancelled = false;
        _probe.Behave = async (request, call) =>
        {
            started.SetResult();
            await commit.Task;
            wasCancelled = call.CancellationToken.IsCancellationRequested;
            return new BehaveResponse { Text = request.Text };
        };

        GrpcAnswer answer = await ExpireAsync(started.Task);

        Assert.Equal((RpcCode.DeadlineExceeded, "the deadline passed"), (answer.Code, answer.Message));
        Assert.True(answer.IsTrailersOnly);
        Assert.Equal((1, true), (_probe.BehaveCodec.Reads, _probe.BehaveCodec.NoneReleased));
        commit.SetResult();
        await Eventually.HoldsAsync(() => _probe.BehaveCodec.EachReleasedOnce);
        Assert.True(wasCancelled);
        Assert.Empty(_host.Log.Faults);
    }

    [Fact]
    public async Task A_handler_that_heeds_its_token_ends_with_deadline_exceeded()
    {
        var started = new TaskCompletionSource();
        _probe.Behave = async (_, call) =>
        {
            started.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, call.CancellationToken);
            return new BehaveResponse();
        };

        Assert.Equal(RpcCode.DeadlineExceeded, (await ExpireAsync(started.Task)).Code);
        await Eventually.HoldsAsync(() => _probe.BehaveCodec.EachReleasedOnce);
        Assert.Empty(_host.Log.Faults);
    }

    [Fact]
    public async Task A_fault_after_the_deadline_is_still_logged()
    {
        var started = new TaskCompletionSource();
        var late = new TaskCompletionSource();
        _probe.Behave = async (_, _) =>
        {
            started.SetResult();
            await late.Task;
            throw new InvalidOperationException("late");
        };

        Assert.Equal(RpcCode.DeadlineExceeded, (await ExpireAsync(started.Task)).Code);
        late.SetResult();

        await Eventually.HoldsAsync(() => _host.Log.Faults.Count == 1);
        Assert.True(_probe.BehaveCodec.EachReleasedOnce);
    }

    [Fact]
    public async Task Timers_that_are_used_again_never_touch_the_next_call()
    {
        await using ProbeHost host = await ProbeHost.StartAsync(_probe.Service);
        _probe.Behave = async (request, call) =>
        {
            TimeSpan work = request.Count == 0 ? Timeout.InfiniteTimeSpan : TimeSpan.FromMilliseconds(request.Count);
            await Task.Delay(work, call.CancellationToken);
            return new BehaveResponse();
        };
        for (int round = 0; round < 10; round++)
        {
            Task<GrpcAnswer> expiring = host.CallAsync(Behave, new BehaveRequest { Count = 0 }, ("grpc-timeout", "10m"));
            Task<GrpcAnswer> finishing = host.CallAsync(Behave, new BehaveRequest { Count = 15 }, ("grpc-timeout", "1H"));
            Assert.Equal((RpcCode.DeadlineExceeded, RpcCode.Ok), ((await expiring).Code, (await finishing).Code));
        }
    }

    [Fact]
    public async Task A_client_that_never_finishes_its_message_hears_of_its_deadline()
    {
        byte[] body = GrpcClient.Frame(new BehaveRequest { Text = "half" }.ToByteArray());
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        foreach (int sent in new[] { 0, 3, body.Length - 1, body.Length })
        {
            int stream = await client.OpenAsync(Behave, ("grpc-timeout", "1S"));
            await client.SendDataAsync(stream, body.AsMemory(0, sent));
            await Eventually.HoldsAsync(() => _time.WaitingTimers == 1);
            _time.Advance(TimeSpan.FromSeconds(1));
            Assert.True(Assert.Single(await client.ReadToEndAsync(stream), frame => frame.Type == RawFrame.Headers).EndsStream);
        }

        Assert.True(_probe.BehaveCodec.EachReleasedOnce);
    }

    [Fact]
    public async Task A_call_within_its_deadline_sees_it_and_succeeds()
    {
        DateTimeOffset? deadline = null;
        _probe.Behave = async (_, call) =>
        {
            deadline = call.Deadline;
            await Task.Yield();
            return new BehaveResponse();
        };
        GrpcAnswer answer = await _host.CallAsync(Behave, new BehaveRequest(), ("grpc-timeout", "1H"));

        Assert.Equal(RpcCode.Ok, answer.Code);
        Assert.Equal(_time.GetUtcNow() + TimeSpan.FromHours(1), deadline);
        Assert.Equal(RpcCode.Ok, (await _host.CallAsync(Behave, new BehaveRequest(), ("grpc-timeout", "99999999H"))).Code);
    }

    [Fact]
    public async Task A_stream_is_ended_at_its_deadline_and_later_messages_are_not_written()
    {
        var ended = new TaskCompletionSource<Exception?>();
        int written = 0;
        _probe.Repeat = async (_, writer, _) =>
        {
            Exception? exception = await Record.ExceptionAsync(async () =>
            {
                for (; ; written++)
                {
                    await writer.WriteAsync(new BehaveResponse());
                    await Task.Delay(1, TestContext.Current.CancellationToken);
                }
            });
            ended.SetResult(exception);
            return RpcStatus.Ok;
        };

        Task<GrpcAnswer> call = _host.CallAsync("/metering.grpc.tests.Probe/Repeat", new BehaveRequest(), ("grpc-timeout", "1S"));
        await Eventually.HoldsAsync(() => Volatile.Read(ref written) > 3);
        _time.Advance(TimeSpan.FromSeconds(1));
        GrpcAnswer answer = await call;

        Assert.Equal(RpcCode.DeadlineExceeded, answer.Code);
        Assert.IsAssignableFrom<OperationCanceledException>(await ended.Task.WaitAsync(TestContext.Current.CancellationToken));
        Assert.InRange(answer.Messages.Count, written, written + 1);
        await Eventually.HoldsAsync(() => _probe.BehaveCodec.EachReleasedOnce);
    }

    [Fact]
    public async Task A_client_that_took_no_more_until_its_deadline_still_hears_of_it()
    {
        var full = new TaskCompletionSource();
        _probe.Repeat = async (_, writer, _) =>
        {
            while (true)
            {
                ValueTask write = writer.WriteAsync(new BehaveResponse { Text = new string('x', 50_000) });
                if (!write.IsCompleted)
                    full.TrySetResult(); // the stream's window and the server's buffer
                await write;
            }
        };
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        int stream = await client.OpenAsync("/metering.grpc.tests.Probe/Repeat", ("grpc-timeout", "1S"));
        await client.SendDataAsync(stream, GrpcClient.Frame([]), endStream: true);
        await full.Task.WaitAsync(TestContext.Current.CancellationToken);
        _time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.HoldsAsync(() => _probe.BehaveCodec.EachReleasedOnce);
        await client.GiveWindowAsync(stream, 10_000_000);

        IReadOnlyList<RawFrame> frames = await client.ReadToEndAsync(stream);
        Assert.DoesNotContain(frames, frame => frame.Type == RawFrame.Reset);
        Assert.True(frames[^1].Type == RawFrame.Headers && frames[^1].EndsStream);
        Assert.Empty(_host.Log.Faults);
    }

    // Lets a deadline of one second pass once the handler runs.
    private async Task<GrpcAnswer> ExpireAsync(Task started)
    {
        Task<GrpcAnswer> call = _host.CallAsync(Behave, new BehaveRequest(), ("grpc-timeout", "1S"));
        await started.WaitAsync(TestContext.Current.CancellationToken);
        _time.Advance(TimeSpan.FromSeconds(1));
        return await call;
    }
}
