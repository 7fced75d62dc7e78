using System.CommandLine;
using System.Text;
using Metering.Client;
using Metering.Contracts.V1;
using Format = Metering.Contracts.V1.ExportRecordsRequest.Types.Format;

namespace Metering.Cli;

/// <summary><c>metering export</c>: all accepted records as a file.</summary>
internal static class ExportCommand
{
    private const string Examples =
        """
        metering export --format csv --to-file records.csv
        metering export --format jsonl --to-file january.jsonl --from 2026-01-01 --to 2026-02-01
        metering export --format jsonl --instance INSTANCE | gzip > records.jsonl.gz

        Until it is whole, a file is FILE.part, with FILE.part.cursor beside it. An export that was broken off, by whatever,
        goes on there when it is asked for again; --restart begins anew. To standard output, it cannot go on.

        """ + ConnectionOptions.WhoSeesWhat;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("export", "Writes all accepted records as CSV or JSON lines.", Examples);
        var format = new Option<string>("--format") { HelpName = "csv|jsonl", Description = "Form of the records", Required = true };
        format.AcceptOnlyFromAmong("csv", "jsonl");
        var file = new Option<string?>("--to-file") { HelpName = "FILE", Description = "Where they go [default: standard output]" };
        var restart = new Option<bool>("--restart") { Description = "Begin anew instead of going on with what was broken off" };
        command.Add(format);
        command.Add(file);
        command.Add(restart);
        var filter = new RecordFilterOptions(command);
        var connection = new ConnectionOptions(command, Credentials.Reading);
        command.SetAction(async (line, cancellationToken) =>
        {
            var request = new ExportRecordsRequest
            {
                Format = line.GetValue(format) == "csv" ? Format.Csv : Format.Jsonl,
                Filter = filter.Read(line),
            };
            using MeteringClient client = connection.Connect(line, terminal);
            if (line.GetValue(file) is { } path)
                await WriteFileAsync(client, request, terminal.PathOf(path), line.GetValue(restart), terminal, cancellationToken);
            else
                await WriteOutputAsync(client, request, terminal, cancellationToken);
            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task WriteFileAsync(
        MeteringClient client, ExportRecordsRequest request, string path, bool restart, Terminal terminal, CancellationToken cancellationToken)
    {
        using ExportFile file = ExportFile.Open(path, request.ToString(), restart);
        if (file.IsResumed)
            terminal.WriteNote($"Going on after {Figures.Count(file.Records, "record")} that are in {terminal.ShortPath(ExportFile.PartOf(path))}.");
        var progress = new ExportProgress(terminal, file.Records);
        request.Cursor = file.Cursor;
        try
        {
            await foreach (ExportRecordsResponse piece in client.ExportRecordsAsync(request, cancellationToken))
            {
                file.Add(piece.Lines.Span, piece.Records, piece.Cursor);
                progress.Show(file.Records, file.Bytes);
            }
        }
        catch (Exception fault) when (fault is MeteringException or OperationCanceledException)
        {
            file.Keep();
            progress.Finish(file.Records, file.Bytes, ", broken off: the same command goes on from here.");
            throw;
        }

        file.Finish();
        progress.Finish(file.Records, file.Bytes, $" in {terminal.ShortPath(path)}.");
    }

    private static async Task WriteOutputAsync(
        MeteringClient client, ExportRecordsRequest request, Terminal terminal, CancellationToken cancellationToken)
    {
        await foreach (ExportRecordsResponse piece in client.ExportRecordsAsync(request, cancellationToken))
            await terminal.Output.WriteAsync(Encoding.UTF8.GetString(piece.Lines.Span)); // whole lines: no character is cut in two
        await terminal.Output.FlushAsync(cancellationToken);
    }
}
