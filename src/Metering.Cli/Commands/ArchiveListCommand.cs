using System.CommandLine;
using Metering.Client;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary><c>metering archive list</c>: the archives that the ledger knows of.</summary>
internal static class ArchiveListCommand
{
    private const string Examples =
        """
        metering archive list
        metering archive list --output json
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("list", "Lists the archives, and whether their files are there.", Examples);
        var output = new FormOption("table", "json");
        command.Add(output);
        var connection = new ConnectionOptions(command, Credentials.AdminToken);
        command.SetAction(async (line, cancellationToken) =>
        {
            using MeteringClient client = connection.Connect(line, terminal);
            ListArchivesResponse answer = await client.ListArchivesAsync(cancellationToken);
            if (line.GetValue(output) == "json")
            {
                Json.Write(terminal.Output, json =>
                {
                    json.WriteStartObject();
                    json.WriteString("folder", answer.Folder);
                    json.WriteStartArray("archives");
                    foreach (Archive archive in answer.Archives)
                        ArchiveReport.WriteJson(archive, json);
                    json.WriteEndArray();
                    json.WriteEndObject();
                });
                return ExitCodes.Done;
            }

            ArchiveReport.WriteTable(answer.Archives, terminal);
            string records = Figures.Count(answer.Archives.Sum(archive => archive.Records), "record");
            terminal.Output.WriteLine(answer.Archives.Count == 0
                ? "There are no archives: every record is in the ledger."
                : $"{Figures.Count(answer.Archives.Count, "archive")} with {records}. Their place is {answer.Folder}.");
            return ExitCodes.Done;
        });
        return command;
    }
}
