namespace Metering.Ledger;

/// <summary>The moments that a record's timestamp may name, as seen at one reading of the clock.</summary>
/// <param name="NowUnixNanoseconds">The reading, in nanoseconds since 1970-01-01T00:00:00Z.</param>
/// <param name="Window">Greatest age.</param>
/// <param name="FutureTolerance">Greatest lead.</param>
public readonly record struct AcceptanceWindow(long NowUnixNanoseconds, TimeSpan Window, TimeSpan FutureTolerance)
{
    /// <summary>Oldest timestamp that is not EXPIRED.</summary>
    public long OldestUnixNanoseconds => NowUnixNanoseconds - (Window.Ticks * 100);

    /// <summary>Latest timestamp that is not INVALID_TIMESTAMP.</summary>
    public long LatestUnixNanoseconds => NowUnixNanoseconds + (FutureTolerance.Ticks * 100);
}
