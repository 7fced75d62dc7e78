using System.CommandLine;
using Metering.Client;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary><c>metering records</c>: accepted records, one by one.</summary>
internal static class RecordsCommand
{
    private const int DefaultLimit = 100;
    private const int LimitMaximum = 100_000;
    private const int PageRecordsMaximum = 10_000;

    private const string Examples =
        """
        metering records --instance INSTANCE --from 2026-01-31
        metering records --sku SKU --limit 1000 --output csv > records.csv

        Records come in the order in which they were accepted. For all of them: metering export.

        """ + ConnectionOptions.WhoSeesWhat;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("records", "Lists accepted records.", Examples);
        var filter = new RecordFilterOptions(command);
        var limit = new Option<int>("--limit")
        {
            HelpName = "N", Description = $"Most records to show, up to {LimitMaximum}", DefaultValueFactory = _ => DefaultLimit,
        };
        limit.Validators.Add(given =>
        {
            if (given.GetValue(limit) is < 1 or > LimitMaximum)
                given.AddError($"--limit is out of range: expected 1 to {LimitMaximum}; `metering export` has no limit.");
        });
        var output = new FormOption("table", "json", "csv");
        command.Add(limit);
        command.Add(output);
        var connection = new ConnectionOptions(command, Credentials.Reading);
        command.SetAction(async (line, cancellationToken) =>
        {
            RecordFilter asked = filter.Read(line);
            int most = line.GetValue(limit);
            using MeteringClient client = connection.Connect(line, terminal);
            var records = new List<AcceptedRecord>();
            // One more than is shown tells whether there are more.
            await foreach (AcceptedRecord record in client.ListRecordsAsync(asked, Math.Min(most + 1, PageRecordsMaximum), cancellationToken))
            {
                records.Add(record);
                if (records.Count > most)
                    break;
            }

            Write(records.Take(most).ToList(), line.GetValue(output)!, terminal);
            if (records.Count > most)
                terminal.WriteNote($"There are more: --limit shows up to {Figures.Group(LimitMaximum)}, `metering export` all.");
            return ExitCodes.Done;
        });
        return command;
    }

    private static void Write(List<AcceptedRecord> records, string output, Terminal terminal)
    {
        switch (output)
        {
            case "json":
                Json.Write(terminal.Output, json =>
                {
                    json.WriteStartObject();
                    json.WriteStartArray("records");
                    foreach (AcceptedRecord record in records)
                    {
                        json.WriteStartObject();
                        RecordText.WriteMembers(record, json);
                        json.WriteEndObject();
                    }

                    json.WriteEndArray();
                    json.WriteEndObject();
                });
                break;
            case "csv":
                Csv.WriteLine(terminal.Output, RecordText.Columns);
                foreach (AcceptedRecord record in records)
                    Csv.WriteLine(terminal.Output, RecordText.FieldsOf(record));
                break;
            default:
                WriteTable(records, terminal);
                break;
        }
    }

    private static void WriteTable(List<AcceptedRecord> records, Terminal terminal)
    {
        if (records.Count == 0)
            terminal.WriteNote("No such records were accepted.");
        var table = new TextTable(
            new("accepted"), new("uuid"), new("owner"), new("sku"), new("quantity", IsNumber: true), new("unit"),
            new("timestamp", IsOptional: true), new("by", IsOptional: true));
        foreach (AcceptedRecord record in records)
        {
            table.Add(
                ArchiveReport.TimeOf(record.Accepted), record.Uuid, RecordText.OwnerOf(record), record.SkuId,
                new(Figures.Group(record.Quantity), Shade.Strong), record.Unit, ArchiveReport.TimeOf(record.Timestamp), record.ServiceAccountId);
        }

        if (!table.IsEmpty)
            table.Write(terminal);
    }
}
