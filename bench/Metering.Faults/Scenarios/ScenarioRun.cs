namespace Metering.Faults;

/// <summary>One scenario while it runs: how often, by which seed, and what came of it.</summary>
internal sealed class ScenarioRun
{
    private readonly Action<string> _tell;
    private readonly List<string> _faults = [];
    private readonly Dictionary<string, long> _counts = [];

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
        catch (Exception fault) when (fault is FaultsException or ServerStartException or Ledger.StoreException or Npgsql.NpgsqlException or TimeoutException)
        {
            run.Fault(fault.Message);
        }

        return new ScenarioResult(scenario, times, seed, run._counts, run.Control, [.. run._faults], time.GetElapsedTime(startedAt));
    }

    /// <summary>Adds to what the scorecard counts; in the order in which it is first called.</summary>
    /// <param name="what">What follows the number, for example "records lost".</param>
    /// <param name="number">How many more.</param>
    public void Count(string what, long number) => _counts[what] = _counts.GetValueOrDefault(what) + number;

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
    Scenario Scenario, int Times, int Seed, IReadOnlyDictionary<string, long> Counts, string Control, IReadOnlyList<string> Faults, TimeSpan Elapsed)
{
    /// <summary>The counts as a sentence.</summary>
    public string Result => string.Join(", ", Counts.Select(count => $"{count.Value:#,0} {count.Key}"));

    /// <summary>Together with an earlier piece of the same long run.</summary>
    public ScenarioResult After(ScenarioResult earlier)
    {
        var counts = new Dictionary<string, long>(earlier.Counts);
        foreach ((string what, long number) in Counts)
            counts[what] = counts.GetValueOrDefault(what) + number;
        return this with
        {
            Times = earlier.Times + Times, Counts = counts, Faults = [.. earlier.Faults, .. Faults], Elapsed = earlier.Elapsed + Elapsed,
        };
    }

    public bool Holds => Faults.Count == 0;
}
