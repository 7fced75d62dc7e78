using System.CommandLine;
using Metering.Bench.Places;

namespace Metering.Scale;

/// <summary>What is to be done; valid as a whole once made by <see cref="ScaleCommand"/>.</summary>
/// <param name="Figures">What the runs reckon with.</param>
/// <param name="Rates">Records a second to plan for.</param>
/// <param name="Seed">Number that all chance follows from.</param>
/// <param name="IsJson">Whether the result is printed as JSON.</param>
/// <param name="Document">Document that takes the tables; null for none.</param>
internal sealed record ScaleOptions(Figures Figures, IReadOnlyList<double> Rates, int Seed, bool IsJson, string? Document);

/// <summary>The command line: options, their checks and defaults.</summary>
internal sealed class ScaleCommand
{
    /// <summary>The place of the tables in a document.</summary>
    public static readonly MarkedPlace Place = new("scale");

    private readonly Dictionary<FigureOption, Option<double>> _figures = FigureOption.All.ToDictionary(
        option => option,
        option => new Option<double>($"--{option.Name}") { Description = option.What, HelpName = "NUMBER", DefaultValueFactory = _ => option.Get(new Figures()) });

    private readonly Option<double[]> _rates = new("--rate")
    {
        Description = "records a second to plan for, several with spaces between", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => Study.Rates,
    };

    private readonly Option<int> _seed = new("--seed") { Description = "number that all chance follows from", DefaultValueFactory = _ => 1 };
    private readonly Option<bool> _json = new("--json") { Description = "prints the result as JSON" };
    private readonly Option<FileInfo?> _document = new("--document") { Description = $"puts the tables into this Markdown file, between {Place}" };

    /// <summary>The command, which hands valid options to <paramref name="run"/>.</summary>
    public RootCommand Create(Func<ScaleOptions, CancellationToken, Task<int>> run)
    {
        var command = new RootCommand(
            "Simulates nodes over databases, group by group, to find out what a rate of records takes, what is used up first, and what failures do. "
            + "The same options and seed give the same tables. Exit codes: 0 the runs were made; 1 they were not.")
        {
            _rates, _seed, _json, _document,
        };
        foreach (Option<double> option in _figures.Values)
            command.Add(option);
        command.SetAction((parsed, stop) => run(Read(parsed), stop));
        return command;
    }

    private ScaleOptions Read(ParseResult parsed)
    {
        var faults = new List<string>();
        var figures = new Figures();
        foreach ((FigureOption option, Option<double> given) in _figures)
        {
            double value = parsed.GetValue(given);
            bool isCount = option.Get(option.Set(figures, option.Least + 0.5)) == option.Least; // takes whole numbers
            if (!(value >= option.Least && value <= option.Most) || (isCount && value != Math.Floor(value)))
                faults.Add(FormattableString.Invariant($"--{option.Name} must be {(isCount ? "a whole number " : "")}from {option.Least} to {option.Most:0}."));
            else
                figures = option.Set(figures, value);
        }

        double[] rates = parsed.GetValue(_rates) ?? Study.Rates;
        if (rates.Length == 0 || !Array.TrueForAll(rates, rate => rate is >= 1000 and <= 1e9))
            faults.Add("--rate must be from 1000 to 1000000000.");
        string? document = parsed.GetValue(_document)?.FullName;
        if (document is not null && !Place.IsIn(document))
            faults.Add($"--document {document} has no place for the tables: it needs {Place}.");
        return faults.Count == 0
            ? new ScaleOptions(figures, rates, parsed.GetValue(_seed), parsed.GetValue(_json), document)
            : throw new ScaleException(string.Join(Environment.NewLine, faults));
    }
}

/// <summary>The runs cannot be made; the message says why.</summary>
internal sealed class ScaleException(string message) : Exception(message);
