using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Connections;

namespace Metering.Server;

/// <summary>What a connection receives, each byte seen once by a <see cref="FrameBudget"/> before anybody else.</summary>
/// <param name="inner">What is received.</param>
/// <param name="budget">Sees it.</param>
/// <param name="cut">Ends the connection when the budget is spent.</param>
internal sealed class WatchedInput(PipeReader inner, FrameBudget budget, Action cut) : PipeReader
{
    private ReadOnlySequence<byte> _buffer;
    private long _seenBytes; // of the buffer's beginning: what was left there is handed out again

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default) => See(await inner.ReadAsync(cancellationToken));

    public override bool TryRead(out ReadResult result)
    {
        if (!inner.TryRead(out result))
            return false;
        See(result);
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        _seenBytes -= _buffer.Slice(0, consumed).Length;
        _buffer = default;
        inner.AdvanceTo(consumed, examined);
    }

    public override void CancelPendingRead() => inner.CancelPendingRead();

    public override void Complete(Exception? exception = null) => inner.Complete(exception);

    public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);

    private ReadResult See(ReadResult read)
    {
        _buffer = read.Buffer;
        bool isPaid = budget.TrySpend(_buffer.Slice(_seenBytes));
        _seenBytes = _buffer.Length;
        if (isPaid)
            return read;
        cut();
        throw new ConnectionAbortedException("The client floods the connection with frames that bring no request forward.");
    }
}
