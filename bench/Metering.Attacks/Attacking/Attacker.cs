using System.Net.Sockets;

namespace Metering.Attacks;

/// <summary>Runs all lanes of an attack until it is stopped. A lane whose connection ended comes back a moment later.</summary>
internal sealed class Attacker(Attack attack, AttackTarget target, TimeProvider time)
{
    private static readonly TimeSpan ReconnectPause = TimeSpan.FromMilliseconds(100);

    public AttackTally Tally { get; } = new();

    /// <summary>Attacks until <paramref name="stop"/>.</summary>
    public async Task RunAsync(CancellationToken stop) =>
        await Task.WhenAll(Enumerable.Range(0, attack.Lanes).Select(number => RunLaneAsync(number, stop)));

    private async Task RunLaneAsync(int number, CancellationToken stop)
    {
        var pace = new Pace(attack.UnitsPerSecond / attack.Lanes, time);
        var lane = new AttackLane(number, target, Tally, pace, time, stop);
        await Task.Yield();
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await attack.AttackAsync(lane);
                continue;
            }
            catch (SocketException fault) when (fault.SocketErrorCode is SocketError.ConnectionRefused or SocketError.AddressAlreadyInUse or SocketError.AddressNotAvailable)
            {
                Tally.CountUnconnected();
            }
            catch (Exception fault) when (fault is SocketException or IOException or OperationCanceledException or ObjectDisposedException)
            {
                // The server has ended the connection, or the attack is over.
            }

            await Task.Delay(ReconnectPause, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
