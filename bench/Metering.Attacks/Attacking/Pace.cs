namespace Metering.Attacks;

/// <summary>Hands out units at a steady rate. What could not be sent in time is forgotten, so that no burst follows a stall.</summary>
internal sealed class Pace
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestBacklog = TimeSpan.FromMilliseconds(100);

    private readonly double _unitsPerSecond;
    private readonly TimeProvider _time;
    private double _due;
    private long _lastTimestamp;

    public Pace(double unitsPerSecond, TimeProvider time)
    {
        _unitsPerSecond = unitsPerSecond;
        _time = time;
        _lastTimestamp = time.GetTimestamp();
        _due = 1; // the first at once
    }

    /// <summary>Waits until a unit is due; answers how many are, at most <paramref name="most"/>.</summary>
    public async ValueTask<int> TakeAsync(int most, CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            long now = _time.GetTimestamp();
            double backlog = Math.Max(1, _unitsPerSecond * LongestBacklog.TotalSeconds);
            _due = Math.Min(backlog, _due + (_unitsPerSecond * _time.GetElapsedTime(_lastTimestamp, now).TotalSeconds));
            _lastTimestamp = now;
            if (_due >= 1)
            {
                int taken = Math.Min(most, (int)_due);
                _due -= taken;
                return taken;
            }

            await Task.Delay(Tick, _time, cancellationToken);
        }
    }
}
