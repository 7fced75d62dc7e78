using System.CommandLine;

namespace Metering.Faults;

/// <summary>The command line: options, their checks and defaults.</summary>
internal sealed class FaultsCommand
{
    private const int TimesMaximum = 100_000;
    private const int DefaultSeed = 20_260_101;

    private readonly Option<string[]> _only = new("--only")
    {
        Description = "Only these scenarios, with spaces or commas between", HelpName = "NAME", AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<bool> _short = new("--short") { Description = "Each scenario only a few times, as the tests run them" };
    private readonly Option<int?> _times = new("--times") { Description = "How often each scenario is run [default: as the list below says]" };
    private readonly Option<int> _seed = new("--seed") { Description = "Decides moments and places", DefaultValueFactory = _ => DefaultSeed };
    private readonly Option<FileInfo?> _json = new("--json") { Description = "Writes the result into this file as JSON" };

    private readonly Option<FileInfo?> _pieces = new("--add-to")
    {
        Description = "Adds the counts to those that this file keeps of earlier pieces, so that a long run can be made of several with other seeds",
        HelpName = "FILE",
    };

    private readonly Option<FileInfo?> _document = new("--document")
    {
        Description = $"Puts the rows into this Markdown file, between {Scorecard.Place.Begin} and {Scorecard.Place.End}; rows of scenarios that were "
            + "not run stay. Not with --short, and with --times only together with --add-to",
    };

    /// <summary>The command, which hands valid options to <paramref name="run"/>.</summary>
    public RootCommand Create(Func<FaultOptions, Task<int>> run)
    {
        var command = new RootCommand(Description) { _only, _short, _times, _seed, _json, _pieces, _document };
        command.SetAction((parsed, _) => run(Read(parsed)));
        return command;
    }

    private static string Description =>
        "Breaks a metering server, its disk, its files and its database, and checks what the ledger promises: nothing that was acknowledged is lost, "
        + "nothing is counted twice, totals equal records, and nothing damaged is served.\n\n"
        + "Each scenario has a control, which shows that its check can fail. Servers run as `metering serve` does; where sealing, merging "
        + "and checkpoints are to come often, the store beneath has small limits, which no setting reaches.\n\n"
        + "Exit codes: 0 every scenario held; 1 some did not; 2 it could not be run.\n\nScenarios, with how often they are run (and with --short):\n"
        + string.Join('\n', AllScenarios.List.Select(scenario => $"  {scenario.Name,-13} {scenario.LongTimes,5} ({scenario.ShortTimes})  {scenario.Does}"));

    private FaultOptions Read(ParseResult parsed)
    {
        bool isShort = parsed.GetValue(_short);
        int? times = parsed.GetValue(_times);
        if (times is < 1 or > TimesMaximum)
            throw new FaultsException($"--times is {times}: 1 to {TimesMaximum} is allowed.");
        string? pieces = parsed.GetValue(_pieces)?.FullName;
        string? document = parsed.GetValue(_document)?.FullName;
        if (document is not null && !Scorecard.Place.IsIn(document))
            throw new FaultsException($"--document {document} has no place for the rows: it needs {Scorecard.Place}.");
        string[] names = [.. (parsed.GetValue(_only) ?? []).SelectMany(part => part.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
        return new FaultOptions
        {
            Scenarios = names.Length == 0 ? AllScenarios.List : [.. names.Select(Find)],
            IsShort = isShort,
            Times = times,
            Seed = parsed.GetValue(_seed),
            Json = parsed.GetValue(_json)?.FullName,
            Pieces = pieces,
            Document = isShort || (times is not null && pieces is null) ? null : document,
        };
    }

    private static Scenario Find(string name) => AllScenarios.List.FirstOrDefault(scenario => scenario.Name == name)
        ?? throw new FaultsException($"There is no scenario '{name}'. There are: {string.Join(", ", AllScenarios.List.Select(scenario => scenario.Name))}.");
}
