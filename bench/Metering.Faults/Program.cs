using Metering.Faults;

// Exit codes: 0 every scenario held, 1 some did not, 2 it could not be run.
if (args is [ServerHost.Name, _, ..])
    return await ServerHost.RunAsync(args);
try
{
    return await new FaultsCommand().Create(RunAsync).Parse(args).InvokeAsync(new() { EnableDefaultExceptionHandler = false });
}
catch (Exception fault) when (fault is FaultsException or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine(fault.Message);
    return 2;
}

static async Task<int> RunAsync(FaultOptions options)
{
    var results = new List<ScenarioResult>();
    foreach (Scenario scenario in options.Scenarios)
    {
        int times = options.Times ?? (options.IsShort ? scenario.ShortTimes : scenario.LongTimes);
        results.Add(await ScenarioRun.ExecuteAsync(scenario, times, options.Seed, TimeProvider.System, Console.Error.WriteLine));
    }

    if (options.Pieces is { } pieces)
    {
        IReadOnlyList<ScenarioResult> earlier = File.Exists(pieces) ? JsonReport.Read(await File.ReadAllTextAsync(pieces)) : [];
        results = [.. results.Select(result => earlier.FirstOrDefault(other => other.Scenario == result.Scenario) is { } before ? result.After(before) : result)];
        results.AddRange(earlier.Where(other => results.TrueForAll(result => result.Scenario != other.Scenario)));
        await File.WriteAllTextAsync(pieces, JsonReport.Of(results));
    }

    await Console.Out.WriteLineAsync(Scorecard.Of(results));
    if (options.Json is { } file)
        await File.WriteAllTextAsync(file, JsonReport.Of(results));
    if (options.Document is { } document)
        Scorecard.PutInto(document, results);
    return results.All(result => result.Holds) ? 0 : 1;
}
