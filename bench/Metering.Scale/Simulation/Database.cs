namespace Metering.Scale;

/// <summary>A primary with its standby.</summary>
internal sealed class Database(Processors processors, Figures figures, double slowness)
{
    private double _downFrom = double.PositiveInfinity;

    public Processors Processors { get; } = processors;

    public WriteAheadLog Log { get; } = new(figures.FlushMilliseconds / 1e3 * slowness, figures.LogMegabytesPerSecond * 1e6 / slowness);

    /// <summary>When it takes writes again, if it is away.</summary>
    public double BackAt { get; private set; }

    /// <summary>Whether nobody answers.</summary>
    public bool IsAway(double now) => now >= _downFrom && now < BackAt;

    /// <summary>Loses its primary.</summary>
    public void Fail(double now, double failoverSeconds) => (_downFrom, BackAt) = (now, now + failoverSeconds);

    /// <summary>Works on a statement, on one processor.</summary>
    public double Work(double now, double microseconds) => Processors.Serve(now, microseconds / 1e6 * slowness);

    /// <summary>Begins the figures.</summary>
    public void Forget()
    {
        Processors.Forget();
        Log.Forget();
    }
}
