using System.CommandLine;
using Metering.Client;
using Metering.Contracts.V1;
using Action = Metering.Contracts.V1.CatalogChange.Types.Action;

namespace Metering.Cli;

/// <summary>
/// <c>metering catalog apply</c>: compares a declared catalog with the one in force, shows the difference and applies
/// it.
/// </summary>
internal static class CatalogApplyCommand
{
    private const int CatalogBytesMaximum = 16 * 1024 * 1024;

    private const string Examples =
        """
        metering catalog apply --file catalog.yaml --dry-run
        metering catalog apply --file catalog.yaml --data ./metering-data
        metering catalog show > catalog.yaml

        + is added, ~ changed, - retired (its records and totals stay). A catalog with faults is refused whole: each fault
        is one line FILE:LINE:COLUMN: REASON, and the exit code is 1.
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("apply", "Applies a catalog in YAML, and shows what changes.", Examples);
        var file = new Option<string>("--file", "-f")
        {
            HelpName = "FILE", Required = true, Description = "The catalog, YAML; - for standard input",
        };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only show what would change" };
        command.Add(file);
        command.Add(dryRun);
        var connection = new ConnectionOptions(command, Credentials.AdminToken);
        command.SetAction(async (line, cancellationToken) =>
        {
            using MeteringClient client = connection.Connect(line, terminal);
            string name = line.GetRequiredValue(file);
            string yaml = Read(name, terminal);
            ApplyCatalogResponse answer = await client.ApplyCatalogAsync(yaml, name, line.GetValue(dryRun), cancellationToken);
            if (answer.Faults.Count == 0)
            {
                Show(answer, terminal);
                return ExitCodes.Done;
            }

            foreach (CatalogFault fault in answer.Faults)
                terminal.Error.WriteLine($"{name}:{fault.Line}:{fault.Column}: {fault.Reason}");
            terminal.WriteFault($"{Figures.Count(answer.Faults.Count, "fault")} in {name}: nothing was changed.");
            return ExitCodes.Rejected;
        });
        return command;
    }

    private static string Read(string name, Terminal terminal)
    {
        if (name != "-")
            return InputFile.ReadText(terminal.PathOf(name), "catalog", CatalogBytesMaximum);
        using Stream input = terminal.OpenInput();
        return InputFile.ReadText(input, "on standard input", "catalog", CatalogBytesMaximum);
    }

    private static void Show(ApplyCatalogResponse answer, Terminal terminal)
    {
        foreach (CatalogChange change in answer.Changes)
        {
            (string sign, Shade shade) = change.Action switch
            {
                Action.Add or Action.Restore => ("+", Shade.Good),
                Action.Retire => ("-", Shade.Bad),
                _ => ("~", Shade.Changed),
            };
            string note = change.Action switch
            {
                Action.Restore => " (restored)",
                Action.Retire => " (retired)",
                _ => string.Empty,
            };
            terminal.Output.WriteLine(terminal.Paint($"{sign} {change.Kind} {change.Id}{note}", shade));
            int width = change.Fields.Select(field => field.Field.Length).DefaultIfEmpty().Max();
            foreach (FieldChange field in change.Fields)
                terminal.Output.WriteLine($"    {field.Field.PadRight(width)}  {Values(field, change.Action, terminal)}");
        }

        string changes = answer.Changes.Count == 0 ? "No change" : Figures.Count(answer.Changes.Count, "change");
        terminal.Output.WriteLine(
            answer.DryRun ? $"{changes}. Dry run: nothing was applied, version {answer.Version} stays in force."
            : answer.Changes.Count == 0 ? $"{changes}: version {answer.Version} is in force."
            : $"{changes} applied: version {answer.Version} is in force.");
    }

    private static string Values(FieldChange field, Action action, Terminal terminal) => action == Action.Add
        ? field.After
        : $"{terminal.Paint(field.Before, Shade.Bad)} → {terminal.Paint(field.After, Shade.Good)}";
}
