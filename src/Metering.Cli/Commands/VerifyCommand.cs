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
        metering verify --data /var/lib/metering
        metering verify --data /mnt/backup/metering

        Every record is read, every checksum checked, every total made again from the records, no record may be counted twice,
        the index of counted uuids must hold what the records say, and rejected records what was counted of them. Each difference
        is told, and the exit code is 1 then.
        A server verifies while it goes on serving. --data DIR without --address verifies the ledger in a directory, or a copy of
        one, that no server has open (exit code 4 when one has): nothing in it is changed. It may be damaged so that no server
        would open it; the report says what stands in the way, too. DIR can also be the file of a ledger.
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("verify", "Proves that totals, index and records agree.", Examples);
        var output = new FormOption("text", "json");
        command.Add(output);
        var connection = new ConnectionOptions(command, Credentials.AdminToken);
        command.SetAction(async (line, cancellationToken) =>
        {
            var progress = new VerifyProgress(terminal);
            string? data = connection.DataWithoutServer(line, terminal);
            VerificationReport report;
            try
            {
                report = data is null
                    ? await AskAsync(connection, line, terminal, progress, cancellationToken)
                    : await ClosedLedgerRun.ExecuteAsync(data, terminal.Time, progress, cancellationToken);
            }
            finally
            {
                progress.Clear();
            }

            if (line.GetValue(output) == "json")
                WriteJson(report, terminal);
            else
                WriteText(report, progress, terminal);
            return report.Differences.Count == 0 ? ExitCodes.Done : ExitCodes.Rejected;
        });
        return command;
    }

    private static async Task<VerificationReport> AskAsync(
        ConnectionOptions connection, ParseResult line, Terminal terminal, VerifyProgress progress, CancellationToken cancellationToken)
    {
        using MeteringClient client = connection.Connect(line, terminal);
        VerificationReport? report = null;
        await foreach (VerifyLedgerResponse answer in client.VerifyLedgerAsync(cancellationToken))
        {
            report = answer.Report;
            if (report is null)
                progress.Show(answer);
        }

        return report ?? throw new CommandException(ExitCodes.RequestFailed, "The server ended the verification without a report.");
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
