using System.CommandLine;
using Metering.Bench.Places;

namespace Metering.Attacks;

/// <summary>The command line: options, their checks and defaults.</summary>
internal sealed class AttacksCommand
{
    private const double DefaultSeconds = 6;
    private const double ShortSeconds = 2;
    private const int DefaultRounds = 2;
    private const int ShortRounds = 1;
    private const double WarmSeconds = 8;
    private const int DefaultWrites = 400;

    private readonly Option<string[]> _only = new("--only")
    {
        Description = "Only these attacks, with spaces or commas between", HelpName = "NAME", AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<double?> _seconds = new("--seconds")
    {
        Description = $"Length of each time with and without an attack [default: {DefaultSeconds}; with --short {ShortSeconds}]",
    };

    private readonly Option<int?> _rounds = new("--rounds")
    {
        Description = $"Times that each attack is made; medians are compared [default: {DefaultRounds}; with --short {ShortRounds}]",
    };

    private readonly Option<bool> _short = new("--short") { Description = "A quick look: short times, whose figures say little" };

    private readonly Option<int> _writes = new("--writes")
    {
        Description = "Writes of 25 records a second of the well-behaved client", DefaultValueFactory = _ => DefaultWrites,
    };

    private readonly Option<bool> _json = new("--json") { Description = "Prints the result as JSON" };

    private readonly Option<FileInfo?> _document = new("--document")
    {
        Description = $"Puts the table into this Markdown file, between {MarkdownTable.Place.Begin} and {MarkdownTable.Place.End}; only after all attacks, not with --short",
    };

    private readonly Option<DirectoryInfo?> _checkout = new("--checkout") { Description = "Checkout in which the server is built [default: the one that this is in]" };

    /// <summary>The command, which hands valid options to <paramref name="run"/>; its subcommand is the attacker.</summary>
    public RootCommand Create(Func<AttackOptions, Task<int>> run, Func<Attack, Task<int>> attack)
    {
        var command = new RootCommand(Description) { _only, _seconds, _rounds, _short, _writes, _json, _document, _checkout };
        command.SetAction((parsed, _) => run(Read(parsed)));
        var name = new Argument<string>("name");
        var attacker = new Command("attacker", "The attacker of one attack; started by this program itself.") { name };
        attacker.Hidden = true;
        attacker.SetAction((parsed, _) => attack(Find(parsed.GetRequiredValue(name))));
        command.Add(attacker);
        return command;
    }

    private static string Description =>
        "Attacks a metering server of its own and measures what a well-behaved client notices of it.\n\n"
        + "The client sends full Writes at a fixed rate, over connections that it opens while the attack is on; its latency counts from "
        + "the intended moment of sending. Times with and without the attack take turns. An attack holds when the server's memory grew "
        + $"to at most {AttackResult.MemoryBound}x and the client's p99 to at most {AttackResult.P99Bound}x of what they are without it, and every record "
        + "was acknowledged and is in the ledger's totals.\n\n"
        + "The attackers come from another loopback address, have a valid token where that makes them stronger, get what is left of the processors (SCHED_IDLE) "
        + "and keep to a rate: on one machine an attacker without bounds takes the server's processor without sending it anything.\n\n"
        + "Exit codes: 0 every attack held; 1 some did not; 2 it could not be run.\n\nAttacks:\n"
        + string.Join('\n', AllAttacks.List.Select(attack => $"  {attack.Name,-24} {attack.Does}"));

    private AttackOptions Read(ParseResult parsed)
    {
        bool isShort = parsed.GetValue(_short);
        string[] names = [.. (parsed.GetValue(_only) ?? []).SelectMany(names => names.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))];
        double seconds = parsed.GetValue(_seconds) ?? (isShort ? ShortSeconds : DefaultSeconds);
        int rounds = parsed.GetValue(_rounds) ?? (isShort ? ShortRounds : DefaultRounds);
        int writes = parsed.GetValue(_writes);
        if (seconds is not (>= 0.5 and <= 600))
            throw new AttackException($"--seconds is {seconds}: 0.5 to 600 is allowed.");
        if (writes is < 1 or > 4000)
            throw new AttackException($"--writes is {writes}: 1 to 4000 a second is allowed.");
        if (rounds is < 1 or > 100)
            throw new AttackException($"--rounds is {rounds}: 1 to 100 is allowed.");
        string? document = parsed.GetValue(_document)?.FullName;
        if (document is not null && !MarkdownTable.Place.IsIn(document))
            throw new AttackException($"--document {document} has no place for the table: it needs {MarkdownTable.Place}.");
        return new AttackOptions
        {
            Checkout = parsed.GetValue(_checkout)?.FullName ?? CheckoutFolder.Find() ?? throw new AttackException("This is not in a checkout: say --checkout."),
            Attacks = names.Length == 0 ? AllAttacks.List : [.. names.Select(Find)],
            Seconds = seconds,
            Rounds = rounds,
            WarmSeconds = isShort ? ShortSeconds : WarmSeconds,
            WritesPerSecond = writes,
            IsJson = parsed.GetValue(_json),
            Document = isShort || names.Length > 0 ? null : document,
        };
    }

    private static Attack Find(string name) => AllAttacks.Find(name)
        ?? throw new AttackException($"There is no attack '{name}'. There are: {string.Join(", ", AllAttacks.List.Select(attack => attack.Name))}.");
}
