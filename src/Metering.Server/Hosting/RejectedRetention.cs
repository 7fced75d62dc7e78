using Metering.Ledger;

namespace Metering.Server;

/// <summary>Drops rejected records that are kept too long, a little at a time, as long as the server runs.</summary>
internal sealed class RejectedRetention : IAsyncDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;

    /// <summary>Begins.</summary>
    public RejectedRetention(IRejectedRecords rejections, MeteringClock clock, TimeProvider time) => _running = RunAsync(rejections, clock, time);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();
    }

    private async Task RunAsync(IRejectedRecords rejections, MeteringClock clock, TimeProvider time)
    {
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                while (await rejections.DropAsync(clock.HighWaterUnixNanoseconds, _stop.Token))
                    _stop.Token.ThrowIfCancellationRequested();
            }
            catch (StoreException)
            {
                // The store itself tells of an outage; the next time may be better.
            }
        }
        while (await timer.WaitForNextTickAsync(_stop.Token));
    }
}
