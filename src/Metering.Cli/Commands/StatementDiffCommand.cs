using System.CommandLine;
using Metering.Client;
using Metering.Contracts.V1;
using Yandex.Cloud.Marketplace.Metering.V1;

namespace Metering.Cli;

/// <summary><c>metering statement diff</c>: compares one's own list of records with those of a statement, one by one.</summary>
internal static class StatementDiffCommand
{
    private const string Examples =
        """
        metering statement diff --owner acme-database-first --period 2026-10 --file my-records.csv
        metering statement diff --owner acme-database-first --period 2026-10 --file my-records.jsonl --output csv

        The file is one that `metering write` takes: uuid, sku_id, quantity and timestamp of each record. Records of the file
        outside of the period are left aside. Each record that is not counted, not in the file, or counted with other fields is
        named, and the exit code is 1 then. What does not fit into memory is sorted in files.
        """;

    private const int LinesInMemory = 500_000;
    private const int PageRecords = 10_000;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("diff", "Compares your own list of records with a statement's.", Examples);
        var period = new StatementOptions(command);
        var file = new Option<string>("--file") { HelpName = "FILE", Description = "Your records: CSV with a header, or JSON lines", Required = true };
        var output = new FormOption("table", "csv");
        command.Add(file);
        command.Add(output);
        var connection = new ConnectionOptions(command, Credentials.Reading);
        command.SetAction(async (line, cancellationToken) =>
        {
            GetStatementRequest request = period.Read(line);
            using MeteringClient client = connection.Connect(line, terminal);
            Statement statement = await client.GetStatementAsync(request, cancellationToken);
            using var inFile = new SortedLines(LinesInMemory);
            using var counted = new SortedLines(LinesInMemory);
            long outside = await ReadFileAsync(line.GetRequiredValue(file), statement, inFile, terminal, cancellationToken);
            await ReadLedgerAsync(client, statement, counted, cancellationToken);
            if (counted.Count != statement.Records)
                throw new CommandException(ExitCodes.RequestFailed, "Records were added to the period meanwhile: compare again.");

            var report = new StatementDiffReport(terminal, isCsv: line.GetValue(output) == "csv");
            foreach (RecordDifference difference in RecordDifference.Between(inFile.Read(), counted.Read()))
                report.Add(difference);
            report.Finish(inFile.Count, counted.Count, outside);
            return report.Count == 0 ? ExitCodes.Done : ExitCodes.Rejected;
        });
        return command;
    }

    private static async Task<long> ReadFileAsync(
        string file, Statement statement, SortedLines lines, Terminal terminal, CancellationToken cancellationToken)
    {
        RecordFormat format = file.EndsWith(".csv", StringComparison.OrdinalIgnoreCase) ? RecordFormat.Csv : RecordFormat.JsonLines;
        await using Stream stream = InputFile.Open(terminal.PathOf(file), "file of records");
        var source = new RecordSource(stream, file, format, skipInvalid: false, terminal);
        long outside = 0;
        await foreach (UsageRecord record in source.ReadAsync(cancellationToken))
        {
            if (record.Timestamp.CompareTo(statement.From) < 0 || record.Timestamp.CompareTo(statement.To) >= 0)
                outside++;
            else
                lines.Add(ComparedRecord.Of(record.Uuid, record.SkuId, record.Quantity, record.Timestamp).ToString());
        }

        return source.Fault is { } fault ? throw new CommandException(ExitCodes.BadUsage, fault) : outside;
    }

    private static async Task ReadLedgerAsync(MeteringClient client, Statement statement, SortedLines lines, CancellationToken cancellationToken)
    {
        var request = new WatchRecordsRequest
        {
            Filter = new RecordFilter
            {
                BillingAccountId = statement.BillingAccountId, ProductInstanceId = statement.ProductInstanceId, From = statement.From, To = statement.To,
            },
            PageSize = PageRecords,
            UntilEnd = true,
        };
        await foreach (WatchRecordsResponse page in client.WatchRecordsAsync(request, cancellationToken))
        {
            foreach (AcceptedRecord record in page.Records)
                lines.Add(ComparedRecord.Of(record.Uuid, record.SkuId, record.Quantity, record.Timestamp).ToString());
        }
    }
}
