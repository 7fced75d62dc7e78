using System.CommandLine;
using Metering.Client;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary><c>metering verify</c>: proves that everything that was counted is what the records say.</summary>
internal static class VerifyCommand
{
    private const string Examples =
        """
        metering verify
        metering verify --output json

        Every record is read, every checksum checked, every total made again from the records, no record may be counted twice,
        and the index of counted uuids must hold what the records say. The server goes on meanwhile. Each difference is told,
        and the exit code is 1 then.
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("verify", "Proves that totals, index and records agree.", Examples);
        var output = new Option<string>("--output", "-o")
        {
            HelpName = "text|json", Description = "Form of the report", DefaultValueFactory = _ => "text",
        };
        output.AcceptOnlyFromAmong("text", "json");
        command.Add(output);
        var connection = new ConnectionOptions(command, Credentials.AdminToken);
        command.SetAction(async (line, cancellationToken) =>
        {
            using MeteringClient client = connection.Connect(line, terminal);
            var progress = new VerifyProgress(terminal);
            VerificationReport? report = null;
            try
            {
                await foreach (VerifyLedgerResponse answer in client.VerifyLedgerAsync(cancellationToken))
                {
                    report = answer.Report;
                    if (report is null)
                        progress.Show(answer);
                }
            }
            finally
            {
                progress.Clear();
            }

            if (report is null)
                throw new CommandException(ExitCodes.RequestFailed, "The server ended the verification without a report.");
            if (line.GetValue(output) == "json")
                WriteJson(report, terminal);
            else
                WriteText(report, progress, terminal);
            return report.Differences.Count == 0 ? ExitCodes.Done : ExitCodes.Rejected;
        });
        return command;
    }

    private static void WriteText(VerificationReport report, VerifyProgress progress, Terminal terminal)
    {
        foreach (string difference in report.Differences)
            terminal.WriteFault(difference);
        foreach (string archive in report.AbsentArchives)
            terminal.WriteNote($"The archive {archive} is not there: its records were not read, its totals are those that the ledger keeps.");
        string read = $"{Figures.Count(report.Records, "record")} read in {progress.Elapsed.TotalSeconds:0.0} s";
        terminal.Output.WriteLine(report.Differences.Count == 0
            ? $"{terminal.Paint("The ledger is sound", Shade.Good)}: {read}, totals, index and checksums agree."
            : $"{terminal.Paint("The ledger is not sound", Shade.Bad)}: {Figures.Count(report.Differences.Count, "difference")}"
                + $"{(report.Differences.Count >= 100 ? " or more" : string.Empty)}; {read}.");
    }

    private static void WriteJson(VerificationReport report, Terminal terminal) => Json.Write(terminal.Output, json =>
    {
        json.WriteStartObject();
        json.WriteBoolean("sound", report.Differences.Count == 0);
        json.WriteNumber("records", report.Records);
        json.WriteStartArray("differences");
        foreach (string difference in report.Differences)
            json.WriteStringValue(difference);
        json.WriteEndArray();
        json.WriteStartArray("absentArchives");
        foreach (string archive in report.AbsentArchives)
            json.WriteStringValue(archive);
        json.WriteEndArray();
        json.WriteEndObject();
    });
}
