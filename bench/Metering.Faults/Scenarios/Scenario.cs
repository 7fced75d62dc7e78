namespace Metering.Faults;

/// <summary>One way to break it.</summary>
internal abstract class Scenario
{
    /// <summary>One word, for the command line.</summary>
    public abstract string Name { get; }

    /// <summary>What is done to it.</summary>
    public abstract string Does { get; }

    /// <summary>What is checked each time.</summary>
    public abstract string Checks { get; }

    /// <summary>How often it is run.</summary>
    public abstract int LongTimes { get; }

    /// <summary>How often it is run with the tests.</summary>
    public abstract int ShortTimes { get; }

    /// <summary>Runs it so often as <paramref name="run"/> says, and its control.</summary>
    /// <exception cref="FaultsException">It cannot be run here.</exception>
    public abstract Task RunAsync(ScenarioRun run);
}
