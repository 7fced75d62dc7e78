namespace Metering.EndToEnd.Tests;

/// <summary>
/// The short forms of bench/faults.sh, each with its control. What each of them told is in artifacts/test-logs, by its name.
/// </summary>
public sealed class FaultTests(ITestOutputHelper output)
{
    private const int Seed = 20_260_101;

    public static TheoryData<string> Scenarios => [.. AllScenarios.List.Select(scenario => scenario.Name)];

    [Theory]
    [MemberData(nameof(Scenarios))]
    public async Task Broken_in_this_way_it_keeps_its_promises(string name)
    {
        Scenario scenario = AllScenarios.List.Single(scenario => scenario.Name == name);
        string log = Checkout.PathOf($"artifacts/test-logs/faults-{name}.txt");
        Directory.CreateDirectory(Path.GetDirectoryName(log)!);
        File.Delete(log);
        void Tell(string line)
        {
            output.WriteLine(line);
            File.AppendAllText(log, line + "\n");
        }

        ScenarioResult result = await ScenarioRun.ExecuteAsync(scenario, scenario.ShortTimes, Seed, TimeProvider.System, Tell);
        Tell($"{result.Elapsed.TotalSeconds:0} s: {result.Result}; control: {result.Control}");
        Assert.Empty(result.Faults);
        Assert.NotEmpty(result.Counts);
        Assert.NotEmpty(result.Control);
    }

    [Fact]
    public void The_scorecard_keeps_the_rows_of_what_was_not_run()
    {
        Scenario first = AllScenarios.List[0], last = AllScenarios.List[^1];
        string both = Scorecard.Merge("", [Result(first, 1), Result(last, 2)]);
        string again = Scorecard.Merge(both, [Result(last, 3, "It was lost | and more.")]);
        Assert.Contains("| 1 lost |", again);
        Assert.DoesNotContain("| 2 lost |", again);
        Assert.Contains("**1 faults**: It was lost / and more. 3 lost |", again);
        Assert.Equal(4, again.TrimEnd().Split('\n').Length);
    }

    [Fact]
    public void A_run_can_be_made_of_pieces()
    {
        ScenarioResult earlier = JsonReport.Read(JsonReport.Of([Result(AllScenarios.List[0], 2, "a fault")]))[0];
        ScenarioResult both = Result(AllScenarios.List[0], 3).After(earlier);
        Assert.Equal((2, "5 lost", 1), (both.Times, both.Result, both.Faults.Count));
        Assert.False(both.Holds);
    }

    private static ScenarioResult Result(Scenario scenario, long lost, params string[] faults) =>
        new(scenario, 1, Seed, new Dictionary<string, long> { ["lost"] = lost }, "control", faults, TimeSpan.Zero);
}
