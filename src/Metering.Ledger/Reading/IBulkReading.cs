namespace Metering.Ledger;

/// <summary>
/// A reading of very many records, which gives way to writes: whoever reads in bulk calls this now and then, between two pieces
/// of work, and goes on when it completes. Of one reader at a time.
/// </summary>
public interface IBulkReading : IDisposable
{
    /// <summary>Completes at once where nobody waits for the processors, and otherwise after a rest that makes up for the work.</summary>
    /// <param name="worked">Time that was worked since the last call; time that was waited is no work.</param>
    /// <param name="cancellationToken">Gives up.</param>
    ValueTask GiveWayAsync(TimeSpan worked, CancellationToken cancellationToken);
}

/// <summary>A reading that gives way to nobody: of a store whose writes have other processors.</summary>
public sealed class UnhinderedReading : IBulkReading
{
    /// <summary>The only one: it keeps nothing.</summary>
    public static readonly UnhinderedReading Instance = new();

    private UnhinderedReading()
    {
    }

    /// <inheritdoc/>
    public ValueTask GiveWayAsync(TimeSpan worked, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
