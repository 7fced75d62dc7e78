using Google.Protobuf.WellKnownTypes;
using Metering.Contracts.V1;
using Metering.Grpc;
using Metering.Ledger;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Metering.Server;

/// <summary>The feed: every accepted record in the order of commits, from the past on and then live.</summary>
internal sealed class FeedRpc(CatalogHolder catalog, IMeteringStore store, TimeProvider time)
{
    /// <summary>Longest that a place which moved without a record to show is kept from who watches.</summary>
    private static readonly TimeSpan TellEvery = TimeSpan.FromSeconds(10);

    /// <summary>Answers <c>WatchRecords</c>.</summary>
    public async ValueTask<RpcStatus> WatchRecordsAsync(WatchRecordsRequest request, RpcWriter<WatchRecordsResponse> writer, RpcCall call)
    {
        var faults = new List<FieldFault>();
        var view = new RecordView(ReadGate.ScopeOf(call), RecordMessages.QuestionOf(request.Filter, faults), catalog);
        int size = RecordMessages.SizeOf(request.PageSize, faults);
        FeedStart start = await FeedStart.ReadAsync(request.Cursor, request.Consumer, store.Consumers, call, faults);
        if (faults.Count > 0)
            return RefusalStatus.Of(Refusal.InvalidFields(faults));
        try
        {
            await WatchAsync(start.Place, view, size, request.UntilEnd, writer, call.CancellationToken);
            return RpcStatus.Ok;
        }
        catch (UnknownCursorException fault)
        {
            return start.Refuse(fault);
        }
    }

    /// <summary>Answers <c>ReadFeed</c>.</summary>
    public async ValueTask<RpcResult<ReadFeedResponse>> ReadFeedAsync(ReadFeedRequest request, RpcCall call)
    {
        var faults = new List<FieldFault>();
        var view = new RecordView(ReadGate.ScopeOf(call), RecordMessages.QuestionOf(request.Filter, faults), catalog);
        int size = RecordMessages.SizeOf(request.PageSize, faults);
        TimeSpan wait = WaitOf(request.Wait, faults);
        FeedStart start = await FeedStart.ReadAsync(request.Cursor, request.Consumer, store.Consumers, call, faults);
        if (faults.Count > 0)
            return RefusalStatus.Of(Refusal.InvalidFields(faults));
        var walk = new RecordWalk(store.Records, view);
        try
        {
            // What stops a stream must stop a long wait too.
            CancellationToken stopping = call.HttpContext.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
            using var over = new CancellationTokenSource(wait, time);
            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(call.CancellationToken, stopping, over.Token);
            WalkStep step = await walk.StepAsync(await walk.BeginAsync(start.Place, call.CancellationToken), size, call.CancellationToken);
            while (step.Records.Count == 0 && step.IsEnd && await IsMoreAsync(step.Next, waiting.Token))
                step = await walk.StepAsync(step.Next, size, call.CancellationToken);
            call.CancellationToken.ThrowIfCancellationRequested();
            return new ReadFeedResponse
            {
                Records = { step.Records.Select(seen => RecordMessages.Describe(seen, view)) },
                Cursor = step.Next.ToString(),
                AtEnd = step.IsEnd,
            };
        }
        catch (UnknownCursorException fault)
        {
            return start.Refuse(fault);
        }
    }

    private async Task WatchAsync(
        LedgerCursor start, RecordView view, int size, bool isUntilEnd, RpcWriter<WatchRecordsResponse> writer, CancellationToken cancellationToken)
    {
        var walk = new RecordWalk(store.Records, view);
        LedgerCursor place = await walk.BeginAsync(start, cancellationToken);
        LedgerCursor? told = null; // the last place that was sent
        long toldAt = time.GetTimestamp();
        while (true)
        {
            WalkStep step = await walk.StepAsync(place, size, cancellationToken);
            place = step.Next;
            bool isDue = (step.IsEnd && (told is null || isUntilEnd)) || time.GetElapsedTime(toldAt) >= TellEvery;
            if (step.Records.Count > 0 || (isDue && told != place))
            {
                await writer.WriteAsync(new WatchRecordsResponse
                {
                    Records = { step.Records.Select(seen => RecordMessages.Describe(seen, view)) },
                    Cursor = place.ToString(),
                });
                (told, toldAt) = (place, time.GetTimestamp());
            }

            if (step.IsEnd && isUntilEnd)
                return;
            if (step.IsEnd)
                await WaitAsync(place, told == place ? null : TellEvery - time.GetElapsedTime(toldAt), cancellationToken);
        }
    }

    // For more records or, when there is a place to tell, until it is due.
    private async Task WaitAsync(LedgerCursor place, TimeSpan? due, CancellationToken cancellationToken)
    {
        if (due is not { } left)
        {
            await store.Records.WaitAsync(place, cancellationToken);
            return;
        }

        using var over = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, over.Token);
        await IsMoreAsync(place, either.Token);
        cancellationToken.ThrowIfCancellationRequested();
    }

    private async Task<bool> IsMoreAsync(LedgerCursor place, CancellationToken waiting)
    {
        try
        {
            await store.Records.WaitAsync(place, waiting);
            return true;
        }
        catch (OperationCanceledException) when (waiting.IsCancellationRequested)
        {
            return false;
        }
    }

    private static TimeSpan WaitOf(Duration? wait, List<FieldFault> faults)
    {
        if (wait is null)
            return TimeSpan.Zero;
        long most = (long)Limits.FeedWait.TotalSeconds;
        if (wait.Seconds >= 0 && wait.Nanos is >= 0 and < 1_000_000_000 && (wait.Seconds < most || (wait.Seconds == most && wait.Nanos == 0)))
            return wait.ToTimeSpan();
        faults.Add(new("wait", $"must be 0 to {most} s"));
        return TimeSpan.Zero;
    }
}
