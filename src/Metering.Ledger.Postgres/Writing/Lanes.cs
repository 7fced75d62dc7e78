using System.Threading.Channels;

namespace Metering.Ledger.Postgres;

/// <summary>The queue of requests and the lanes that commit them.</summary>
internal sealed class Lanes
{
    private readonly Channel<UsageWrite> _requests;
    private readonly Lane[] _lanes;
    private Task _running = Task.CompletedTask;
    private volatile bool _isClosed;

    /// <summary>Does not start the lanes yet.</summary>
    /// <param name="source">Where connections come from.</param>
    /// <param name="options">The store's options.</param>
    /// <param name="availability">What is known about the database.</param>
    /// <param name="firstNode">Number of the first lane's rows of totals; the others have the next ones.</param>
    public Lanes(ConnectionSource source, PostgresStoreOptions options, Availability availability, short firstNode)
    {
        _requests = Channel.CreateBounded<UsageWrite>(new BoundedChannelOptions(options.QueueRequests) { FullMode = BoundedChannelFullMode.Wait });
        var parts = new LaneParts(
            _requests.Reader, source, options, availability, new Answers(), new GroupClock(), new SemaphoreSlim(options.AbandonedConnections));
        _lanes = [.. Enumerable.Range(0, options.Lanes).Select(lane => new Lane(parts, (short)(firstNode + lane)))];
    }

    /// <summary>Latest reading of the clock that was stored.</summary>
    public long HighWaterUnixNanoseconds => _lanes.Max(lane => lane.HighWaterUnixNanoseconds);

    /// <summary>Forgets what was stored: an operator set it back.</summary>
    public void ForgetHighWater()
    {
        foreach (Lane lane in _lanes)
            lane.ForgetHighWater();
    }

    /// <summary>Starts the lanes.</summary>
    public void Start() => _running = Task.WhenAll(_lanes.Select(lane => Task.Run(lane.RunAsync)));

    /// <summary>Hands a request over.</summary>
    public ValueTask<LedgerAnswer> WriteAsync(UsageWrite write)
    {
        ValueTask<LedgerAnswer> answer = write.WaitForAnswer();
        return _requests.Writer.TryWrite(write) ? answer
            : new ValueTask<LedgerAnswer>(_isClosed ? LedgerAnswer.Closing : LedgerAnswer.QueueFull);
    }

    /// <summary>Takes no more, finishes what was taken, and ends the lanes.</summary>
    public Task StopAsync()
    {
        _isClosed = true;
        _requests.Writer.TryComplete();
        return _running;
    }
}
