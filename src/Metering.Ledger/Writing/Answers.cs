using System.Collections.Concurrent;

namespace Metering.Ledger;

/// <summary>
/// Gives a group's requests their answers away from the thread that committed it, several to a work item: what goes on then is short
/// (encode the verdicts, hand them to the connection), and a work item for each would cost more than it.
/// </summary>
public sealed class Answers
{
    private const int RequestsTogether = 16;

    private readonly ConcurrentBag<Run> _free = [];

    /// <summary>Answers every request; they are no longer the store's.</summary>
    public void Give(ReadOnlySpan<UsageWrite> writes, LedgerAnswer answer)
    {
        for (; writes.Length > 0; writes = writes[Math.Min(RequestsTogether, writes.Length)..])
        {
            if (!_free.TryTake(out Run? run))
                run = new Run(_free);
            run.Start(writes[..Math.Min(RequestsTogether, writes.Length)], answer);
        }
    }

    private sealed class Run(ConcurrentBag<Run> free) : IThreadPoolWorkItem
    {
        private readonly UsageWrite?[] _writes = new UsageWrite[RequestsTogether];
        private int _count;
        private LedgerAnswer _answer;

        public void Start(ReadOnlySpan<UsageWrite> writes, LedgerAnswer answer)
        {
            writes.CopyTo(_writes!);
            _count = writes.Length;
            _answer = answer;
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }

        public void Execute()
        {
            for (int index = 0; index < _count; index++)
            {
                UsageWrite write = _writes[index]!;
                _writes[index] = null;
                write.Complete(_answer);
            }

            free.Add(this);
        }
    }
}
