using System.CommandLine;
using Metering.Client;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary><c>metering corrections</c>: what was corrected, by whom, and why.</summary>
internal static class CorrectionsCommand
{
    private const string Examples =
        """
        metering corrections
        metering corrections --sku SKU --output csv > corrections.csv

        They are listed by the timestamps of the records that they belong to.

        """ + ConnectionOptions.WhoSeesWhat;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("corrections", "Lists what was corrected, by whom, and why.", Examples);
        var filter = new RecordFilterOptions(command);
        var output = new FormOption("table", "json", "csv");
        command.Add(output);
        var connection = new ConnectionOptions(command, Credentials.Reading);
        command.SetAction(async (line, cancellationToken) =>
        {
            RecordFilter asked = filter.Read(line);
            using MeteringClient client = connection.Connect(line, terminal);
            var corrections = new List<Correction>();
            await foreach (Correction correction in client.ListCorrectionsAsync(asked, cancellationToken))
                corrections.Add(correction);
            Write(corrections, line.GetValue(output)!, terminal);
            return ExitCodes.Done;
        });
        return command;
    }

    private static void Write(List<Correction> corrections, string output, Terminal terminal)
    {
        switch (output)
        {
            case "json":
                Json.Write(terminal.Output, json =>
                {
                    json.WriteStartObject();
                    json.WriteStartArray("corrections");
                    foreach (Correction correction in corrections)
                        CorrectionReport.WriteJson(correction, json);
                    json.WriteEndArray();
                    json.WriteEndObject();
                });
                break;
            case "csv":
                Csv.WriteLine(terminal.Output, CorrectionReport.Columns);
                foreach (Correction correction in corrections)
                    Csv.WriteLine(terminal.Output, CorrectionReport.FieldsOf(correction));
                break;
            default:
                if (corrections.Count == 0)
                    terminal.WriteNote("Nothing was corrected.");
                else
                    CorrectionReport.WriteTable(corrections, terminal);
                break;
        }
    }
}
