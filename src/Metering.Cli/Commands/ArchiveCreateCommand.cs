using System.CommandLine;
using Metering.Client;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary><c>metering archive create</c>: puts old records into files of their own and drops them from the ledger.</summary>
internal static class ArchiveCreateCommand
{
    private const string Examples =
        """
        metering archive create --older-than 90d --dry-run
        metering archive create --older-than 90d
        metering archive create --older-than 365d --output json

        The server writes the files into archives/ of its data directory, reads each back, and only then drops the records;
        it serves meanwhile. Totals stay, and every record that was archived stays DUPLICATE. Interrupted, it can be started
        again: what was made is made.
        """;

    // One file holds at most 128 MiB of records; a slow disk takes its time to write and to read them.
    private static readonly TimeSpan FileTime = TimeSpan.FromMinutes(10);

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("create", "Archives old records.", Examples);
        var age = new Option<string>("--older-than")
        {
            HelpName = "AGE", Required = true, Description = "Only records accepted longer ago: hours or days, such as 36h or 90d; a day at least",
        };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only show what would be archived" };
        var output = new FormOption("table", "json");
        command.Add(age);
        command.Add(dryRun);
        command.Add(output);
        var connection = new ConnectionOptions(command, Credentials.AdminToken);
        command.SetAction(async (line, cancellationToken) =>
        {
            TimeSpan olderThan = Age.Read("--older-than", line.GetRequiredValue(age));
            bool isDryRun = line.GetValue(dryRun), isJson = line.GetValue(output) == "json";
            using MeteringClient client = connection.Connect(line, terminal, FileTime);
            var archives = new List<Archive>();
            string folder = string.Empty;
            try
            {
                await foreach (CreateArchiveResponse answer in client.CreateArchivesAsync(olderThan, isDryRun, cancellationToken))
                {
                    archives.Add(answer.Archive);
                    folder = answer.Folder;
                    if (terminal.ErrorIsTerminal)
                        terminal.Error.Write($"\r{Figures.Count(archives.Sum(archive => archive.Records), "record")} in {Figures.Count(archives.Count, "file")}\e[K");
                }
            }
            finally
            {
                // What was made is shown, however it ended.
                if (terminal.ErrorIsTerminal)
                    terminal.Error.Write("\r\e[K");
                Show(archives, folder, isDryRun, isJson, terminal);
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static void Show(List<Archive> archives, string folder, bool isDryRun, bool isJson, Terminal terminal)
    {
        if (isJson)
        {
            Json.Write(terminal.Output, json =>
            {
                json.WriteStartObject();
                json.WriteBoolean("dryRun", isDryRun);
                json.WriteString("folder", folder);
                json.WriteStartArray("archives");
                archives.ForEach(archive => ArchiveReport.WriteJson(archive, json));
                json.WriteEndArray();
                json.WriteEndObject();
            });
            return;
        }

        ArchiveReport.WriteTable(archives, terminal);
        string what = $"{Figures.Count(archives.Sum(archive => archive.Records), "record")} in {Figures.Count(archives.Count, "file")}";
        terminal.Output.WriteLine(
            archives.Count == 0 ? "No records are old enough: nothing was archived."
            : isDryRun ? $"{what} would be archived. Dry run: nothing was changed."
            : $"{what} archived in {folder} and dropped from the ledger. Totals stay. Keep the files: they are the only copy of these records.");
    }
}
