using System.CommandLine;
using Metering.Client;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary><c>metering lookup</c>: what became of records, by uuid.</summary>
internal static class LookUpCommand
{
    private const string Examples =
        """
        metering lookup 0d8a6f3e-2f0d-4a4e-9a0e-5b8f0a6d2c11
        metering lookup --file usage.csv
        metering lookup --file - --output csv < uuids.txt

        This settles any write that was not answered: accepted is counted, once and for ever; never seen and rejected are not,
        and may be written again. A file has a uuid a line, or is CSV with a column uuid, or JSON lines with a member uuid.
        Exit code 1: at least one of them is not accepted.

        """ + ConnectionOptions.WhoSeesWhat;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("lookup", "Tells what became of records, by uuid.", Examples);
        var uuids = new Argument<string[]>("UUID") { Description = "The uuids", Arity = ArgumentArity.ZeroOrMore };
        var file = new Option<string?>("--file", "-f") { HelpName = "FILE", Description = "File of uuids, any number; - for standard input" };
        var output = new FormOption("table", "json", "csv");
        command.Add(uuids);
        command.Add(file);
        command.Add(output);
        command.Validators.Add(line =>
        {
            if (line.GetValue(uuids) is { Length: > 0 } == line.GetValue(file) is not null)
                line.AddError("Which records? Pass either their uuids, or --file FILE (- for standard input).");
        });
        var connection = new ConnectionOptions(command, Credentials.Reading);
        command.SetAction(async (line, cancellationToken) =>
        {
            using MeteringClient client = connection.Connect(line, terminal);
            ILookUpReport report = line.GetValue(output) switch
            {
                "json" => new LookUpJson(terminal),
                "csv" => new LookUpCsv(terminal),
                _ => new LookUpTable(terminal),
            };
            await using Stream? stream = line.GetValue(file) is not { } path ? null
                : path == "-" ? terminal.OpenInput()
                : InputFile.Open(terminal.PathOf(path), "file of uuids");
            IAsyncEnumerable<string> asked = stream is null ? line.GetValue(uuids)!.ToAsyncEnumerable()
                : UuidSource.ReadAsync(stream, line.GetValue(file) is "-" ? "(standard input)" : line.GetValue(file)!, cancellationToken);
            bool areAllAccepted = true;
            await foreach (RecordLookUp found in client.LookUpAsync(asked, cancellationToken))
            {
                areAllAccepted &= found.State == RecordLookUp.Types.State.Accepted;
                report.Add(found);
            }

            report.Finish();
            return areAllAccepted ? ExitCodes.Done : ExitCodes.Rejected;
        });
        return command;
    }
}
