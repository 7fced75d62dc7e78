namespace Metering.Faults;

/// <summary>One scenario while it runs: how often, by which seed, and what came of it.</summary>
internal sealed class ScenarioRun
{
    private readonly Action<string> _tell;
    private readonly List<string> _faults = [];

    private ScenarioRun(Scenario scenario, int times, int seed, Action<string> tell)
    {
        Scenario = scenario;
        Times = times;
        Seed = seed;
        Random = new Random(seed);
        _tell = tell;
    }

    public Scenario Scenario { get; }

    /// <summary>How often it is to be broken.</summary>
    public int Times { get; }

    public int Seed { get; }

    /// <summary>Moments and places come from here.</summary>
    public Random Random { get; }

    /// <summary>What the scorecard says came of it.</summary>
    public string Result { get; set; } = "";

    /// <summary>What the scorecard says of the control.</summary>
    public string Control { get; set; } = "";

    /// <summary>Runs a scenario to its end, whatever comes of it.</summary>
    public static async Task<ScenarioResult> ExecuteAsync(Scenario scenario, int times, int seed, TimeProvider time, Action<string> tell)
    {
        long startedAt = time.GetTimestamp();
        var run = new ScenarioRun(scenario, times, seed, tell);
        run.Tell($"{times} times, seed {seed}");
        try
        {
            await scenario.RunAsync(run);
        }
        catch (Exception fault) when (fault is FaultsException or ServerStartException or Ledger.Sqlite.StoreException)
        {
            run.Fault(fault.Message);
        }

        return new ScenarioResult(scenario, times, seed, run.Result, run.Control, [.. run._faults], time.GetElapsedTime(startedAt));
    }

    /// <summary>Shows how far it is.</summary>
    public void Tell(string line) => _tell($"{Scenario.Name}: {line}");

    /// <summary>Notes that a promise was broken, or that a control did not see what it must.</summary>
    public void Fault(string fault)
    {
        _faults.Add(fault);
        Tell("FAULT: " + fault);
    }

    /// <summary>Notes a fault unless something holds.</summary>
    public void Require(bool holds, string fault)
    {
        if (!holds)
            Fault(fault);
    }
}

/// <summary>What came of a scenario.</summary>
internal sealed record ScenarioResult(
    Scenario Scenario, int Times, int Seed, string Result, string Control, IReadOnlyList<string> Faults, TimeSpan Elapsed)
{
    public bool Holds => Faults.Count == 0;
}
