namespace Metering.Ledger.Sqlite;

/// <summary>What became of a request that was offered to the queue.</summary>
internal enum Offer
{
    /// <summary>The writer has it.</summary>
    Taken,

    /// <summary>Too many wait already.</summary>
    Full,

    /// <summary>The writer takes no more.</summary>
    Closed,
}

/// <summary>
/// Requests on their way to the writer: many threads offer, the writer alone takes, in the order of arrival. A lock-free
/// stack of arrivals, linked through the requests themselves, which the writer takes as a whole and turns around.
/// </summary>
internal sealed class RequestQueue(int capacity)
{
    // In place of the newest request: nobody may offer any more.
    private static readonly UsageWrite End = new();

    private readonly object _bell = new();
    private bool _isRung;
    private UsageWrite? _newest;
    private UsageWrite? _oldest; // the writer's own: taken from the stack, in order of arrival
    private int _count;
    private int _isWaiting;

    /// <summary>Requests that wait.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Hands a request over. Never waits.</summary>
    public Offer TryAdd(UsageWrite write)
    {
        if (Interlocked.Increment(ref _count) > capacity)
        {
            Interlocked.Decrement(ref _count);
            return Volatile.Read(ref _newest) == End ? Offer.Closed : Offer.Full;
        }

        UsageWrite? newest = Volatile.Read(ref _newest);
        while (true)
        {
            if (newest == End)
            {
                Interlocked.Decrement(ref _count);
                return Offer.Closed;
            }

            write.NextInQueue = newest;
            UsageWrite? found = Interlocked.CompareExchange(ref _newest, write, newest);
            if (found == newest)
                break;
            newest = found;
        }

        // The exchange above is a full fence: either this sees the writer waiting, or the writer sees the request.
        if (Volatile.Read(ref _isWaiting) != 0 && Interlocked.Exchange(ref _isWaiting, 0) != 0)
            Wake();
        return Offer.Taken;
    }

    /// <summary>Takes what waits, oldest first. Writer only.</summary>
    /// <returns>How many there are.</returns>
    public int Take(UsageWrite[] group)
    {
        int taken = 0;
        while (taken < group.Length)
        {
            _oldest ??= TurnAround(_newest is null || _newest == End ? null : Interlocked.Exchange(ref _newest, null));
            if (_oldest is not { } write)
                break;
            _oldest = write.NextInQueue;
            write.NextInQueue = null;
            group[taken++] = write;
        }

        Interlocked.Add(ref _count, -taken);
        return taken;
    }

    /// <summary>From now on every offer is refused; what was taken over before is still to be taken. Writer only.</summary>
    public void Close()
    {
        UsageWrite? newest = Interlocked.Exchange(ref _newest, End);
        if (newest is null || newest == End)
            return;
        UsageWrite? arrived = TurnAround(newest);
        if (_oldest is null)
        {
            _oldest = arrived;
            return;
        }

        UsageWrite last = _oldest;
        while (last.NextInQueue is { } next)
            last = next;
        last.NextInQueue = arrived;
    }

    /// <summary>Waits for an arrival, a <see cref="Wake"/> or the end of the time. Writer only.</summary>
    public void Wait(TimeSpan longest)
    {
        Interlocked.Exchange(ref _isWaiting, 1);
        if (_oldest is null && Volatile.Read(ref _newest) is null)
        {
            lock (_bell)
            {
                if (!_isRung)
                    Monitor.Wait(_bell, longest);
                _isRung = false;
            }
        }

        Volatile.Write(ref _isWaiting, 0);
    }

    /// <summary>Ends the wait, or the next one.</summary>
    public void Wake()
    {
        lock (_bell)
        {
            _isRung = true;
            Monitor.Pulse(_bell);
        }
    }

    private static UsageWrite? TurnAround(UsageWrite? newest)
    {
        UsageWrite? oldest = null;
        while (newest is not null)
        {
            UsageWrite? before = newest.NextInQueue;
            newest.NextInQueue = oldest;
            oldest = newest;
            newest = before;
        }

        return oldest;
    }
}
