using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;

namespace Metering.Grpc.Tests;

/// <summary>How a call takes what comes of its body: what is there at once, and what is not without turning in circles.</summary>
public sealed class BodyReadingTests : IRequestBodyPipeFeature, IDisposable
{
    private readonly Pipe _pipe = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly RpcCall _call;

    public BodyReadingTests()
    {
        var context = new DefaultHttpContext();
        context.Features.Set<IRequestBodyPipeFeature>(this);
        var runtime = new RpcRuntime(TimeProvider.System, NullLogger.Instance, Budget: null, _stopping.Token);
        _call = new RpcCall(context, new ProbeService().Service.Methods.First(), runtime, null, MessageEncoding.Identity);
    }

    PipeReader IRequestBodyPipeFeature.Reader => _pipe.Reader;

    public void Dispose() => _stopping.Dispose();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_part_that_was_looked_at_is_not_handed_out_again_before_more_comes()
    {
        await _pipe.Writer.WriteAsync(new byte[] { 0, 0, 0 }, Token);
        Assert.Equal(3, (await LookAsync()).Length);

        ValueTask<ReadResult> waiting = _call.ReadBodyAsync();
        Assert.False(waiting.IsCompleted);

        await _pipe.Writer.WriteAsync(new byte[] { 0 }, Token);
        ReadResult more = await waiting;
        Assert.Equal(4, more.Buffer.Length);
    }

    [Fact]
    public async Task A_wait_ends_when_the_server_stops()
    {
        ValueTask<ReadResult> waiting = _call.ReadBodyAsync();
        Assert.False(waiting.IsCompleted);

        await _stopping.CancelAsync();

        Assert.True((await waiting).IsCanceled);
    }

    [Fact]
    public async Task What_is_there_as_a_whole_is_taken_without_a_wait()
    {
        await _pipe.Writer.WriteAsync(new byte[] { 0, 0, 0, 0, 0 }, Token);
        await _pipe.Writer.CompleteAsync();

        ValueTask<ReadResult> read = _call.ReadBodyAsync();

        Assert.True(read.IsCompletedSuccessfully);
        Assert.True((await read).IsCompleted);
    }

    private async Task<System.Buffers.ReadOnlySequence<byte>> LookAsync()
    {
        ReadResult read = await _call.ReadBodyAsync();
        _pipe.Reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        return read.Buffer;
    }
}
