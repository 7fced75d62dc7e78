using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using Yandex.Cloud.Marketplace.Metering.V1;

namespace Metering.Client;

/// <summary>Sends one request's records and gives each its verdict.</summary>
internal delegate Task<RecordVerdict[]> SendChunk(IReadOnlyList<UsageRecord> records, CancellationToken cancellationToken);

/// <summary>
/// Splits any number of records into requests, keeps several of them under way, and gives the verdicts back in the
/// order of the records, in constant memory.
/// </summary>
internal sealed class UsageWriter(SendChunk send, int concurrentRequests, TimeProvider time)
{
    /// <summary>Most records in one request: the wire contract's.</summary>
    public const int RecordsPerRequest = 25;

    // A slow source should not hold back the records that it already gave.
    private static readonly TimeSpan LingerTime = TimeSpan.FromMilliseconds(200);

    /// <summary>
    /// Writes the records. Once a request fails, no further one is sent, those under way are finished, the failed one's
    /// records come out as <see cref="WriteOutcome.Failed"/>, and then the failure is thrown. When the source throws,
    /// the records before are written, and then that is thrown.
    /// </summary>
    public async IAsyncEnumerable<RecordVerdict> WriteAsync(
        IAsyncEnumerable<UsageRecord> records, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var abandoned = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var failed = new CancellationTokenSource();
        using var slots = new SemaphoreSlim(concurrentRequests);
        var requests = Channel.CreateBounded<Task<ChunkResult>>(concurrentRequests * 4);
        Task pump = PumpAsync(records, slots, requests.Writer, failed, abandoned.Token);
        ExceptionDispatchInfo? failure = null;
        try
        {
            await foreach (Task<ChunkResult> request in requests.Reader.ReadAllAsync(CancellationToken.None))
            {
                ChunkResult result = await request;
                failure ??= result.Failure is null ? null : ExceptionDispatchInfo.Capture(result.Failure);
                foreach (RecordVerdict verdict in result.Verdicts)
                    yield return verdict;
            }

            failure?.Throw();
            await pump;
        }
        finally
        {
            await abandoned.CancelAsync();
            await ((Task)pump).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            while (requests.Reader.TryRead(out Task<ChunkResult>? request))
                await ((Task)request).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private readonly record struct ChunkResult(RecordVerdict[] Verdicts, MeteringException? Failure);

    // Never completes the channel with an exception: what was read goes out first.
    private async Task PumpAsync(
        IAsyncEnumerable<UsageRecord> records,
        SemaphoreSlim slots,
        ChannelWriter<Task<ChunkResult>> requests,
        CancellationTokenSource failed,
        CancellationToken abandoned)
    {
        var chunk = new List<UsageRecord>(RecordsPerRequest);
        async Task FlushAsync()
        {
            if (chunk.Count == 0 || failed.IsCancellationRequested)
                return;
            // Room first, then the request: once it is under way, nothing may keep it from being accounted for.
            await requests.WaitToWriteAsync(abandoned);
            await slots.WaitAsync(abandoned);
            if (failed.IsCancellationRequested)
                slots.Release();
            else if (!requests.TryWrite(SendAsync(chunk, slots, failed, abandoned)))
                throw new InvalidOperationException("The one writer of a channel found its room taken.");
            chunk = new List<UsageRecord>(RecordsPerRequest);
        }

        try
        {
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(abandoned, failed.Token);
            await using IAsyncEnumerator<UsageRecord> source = records.GetAsyncEnumerator(ended.Token);
            try
            {
                while (!failed.IsCancellationRequested)
                {
                    Task<bool> next = source.MoveNextAsync().AsTask();
                    if (!next.IsCompleted && chunk.Count > 0)
                        await FlushUnlessSoonAsync(next, FlushAsync, abandoned);
                    if (!await next)
                        break;
                    chunk.Add(source.Current);
                    if (chunk.Count == RecordsPerRequest)
                        await FlushAsync();
                }
            }
            catch (OperationCanceledException) when (failed.IsCancellationRequested && !abandoned.IsCancellationRequested)
            {
                // A request failed: that is what the caller hears, not that the reading stopped.
            }
            finally
            {
                await FlushAsync();
            }
        }
        finally
        {
            requests.Complete();
        }
    }

    private async Task FlushUnlessSoonAsync(Task<bool> next, Func<Task> flushAsync, CancellationToken abandoned)
    {
        using var soon = CancellationTokenSource.CreateLinkedTokenSource(abandoned);
        try
        {
            Task lingered = Task.Delay(LingerTime, time, soon.Token);
            if (await Task.WhenAny(next, lingered) == lingered)
                await flushAsync();
            await soon.CancelAsync();
        }
        catch
        {
            // A source cannot be closed while it is being read.
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    private async Task<ChunkResult> SendAsync(
        List<UsageRecord> chunk, SemaphoreSlim slots, CancellationTokenSource failed, CancellationToken cancellationToken)
    {
        try
        {
            return new ChunkResult(await send(chunk, cancellationToken), null);
        }
        catch (MeteringException failure)
        {
            await failed.CancelAsync();
            return new ChunkResult([.. chunk.Select(record => new RecordVerdict(record, WriteOutcome.Failed, default))], failure);
        }
        finally
        {
            slots.Release();
        }
    }
}
