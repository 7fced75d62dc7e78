using System.CommandLine;
using Metering.Server;

namespace Metering.Cli;

/// <summary><c>metering migrate</c>: moves a ledger from a data directory into PostgreSQL, so that several servers can share it.</summary>
internal static class MigrateCommand
{
    private const string Examples =
        """
        metering migrate --from sqlite:metering-data --to 'postgres: Host=db.example.org;Database=metering;Username=metering'
        METERING_STORE='postgres: Host=db.example.org;Database=metering' metering migrate --from sqlite:/var/lib/metering

        Moves everything: each record, those in archives too, totals, rejections with the rejected records, corrections, the
        places of the feed's consumers, the catalog with its keys, signing keys, revocations and the admin token. Clients notice
        nothing but the pause: their keys and tokens stay good, and what was counted stays DUPLICATE.
        1. Stop the server. Its directory is locked while it is moved; nothing in it is changed.
        2. Migrate into an empty database (or schema: Search Path=NAME). Each record is read back and compared, each total too.
        3. Serve with --store and the same connection, from as many nodes as you like, and put the old directory away.
        Killed or interrupted at any moment, the same command goes on where it was; no record is counted twice. Until the end has
        been reached, no server opens the database; the old ledger may be served on in between, and what it counts comes along.
        Nobody sees a password that is in METERING_STORE, in PGPASSFILE or in Passfile; --to shows it to whoever lists processes.
        Exit code 0: moved and proved the same. 1: differences were found; the database stays closed. 2: wrong arguments.
        3: broken off, go on with the same command. 4: the ledger or the database stands in the way; nothing was moved.
        """;

    private const string TargetVariable = "METERING_STORE";

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("migrate", "Moves a ledger into PostgreSQL, and proves that it is the same there.", Examples);
        var from = new Option<string>("--from")
        {
            HelpName = "sqlite:PATH", Description = "The ledger to move: a server's data directory, or the file of a ledger", Required = true,
        };
        var to = new Option<string?>("--to")
        {
            HelpName = "postgres: CONNECTION", Description = $"The empty database to move it into, as serve's --store names it [env {TargetVariable}]",
        };
        var isUnsafe = new Option<bool>("--allow-unsafe-commit")
        {
            Description = "Moves although PostgreSQL is set to confirm commits that it can still lose (synchronous_commit, fsync)",
        };
        var output = new Option<string>("--output", "-o") { HelpName = "text|json", Description = "json: for programs", DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        foreach (Option option in new Option[] { from, to, isUnsafe, output })
            command.Add(option);
        command.SetAction(async (line, interrupted) =>
        {
            string source = PlaceOf("--from", MigrationOptions.SourcePrefix, "PATH", line.GetValue(from));
            string target = PlaceOf(
                "--to", MigrationOptions.TargetPrefix, " CONNECTION",
                line.GetValue(to) ?? (terminal.Environment(TargetVariable) is { Length: > 0 } named ? named : null));
            var options = new MigrationOptions(terminal.PathOf(source), target) { AllowUnsafeCommit = line.GetValue(isUnsafe) };
            MoveReport report = await MigrationRun.ExecuteAsync(options, terminal, interrupted);
            if (line.GetValue(output) == "json")
                MigrationReport.WriteJson(report, terminal);
            else
                MigrationReport.Write(report, terminal);
            return report.Differences.Count == 0 ? ExitCodes.Done : ExitCodes.Rejected;
        });
        return command;
    }

    // What was given is not repeated: it may hold a password.
    private static string PlaceOf(string option, string prefix, string form, string? given)
    {
        if (given is null)
            throw new CommandException(ExitCodes.BadUsage, $"{option} is missing: give {option} '{prefix}{form}'.");
        if (!given.StartsWith(prefix, StringComparison.Ordinal) || string.IsNullOrWhiteSpace(given[prefix.Length..]))
            throw new CommandException(ExitCodes.BadUsage, $"{option} is '{prefix}{form}', and has another form here: a ledger is moved from SQLite to PostgreSQL.");
        return given[prefix.Length..].Trim();
    }
}
