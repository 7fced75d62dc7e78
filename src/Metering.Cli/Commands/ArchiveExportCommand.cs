using System.CommandLine;
using System.Globalization;
using Metering.Client;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary><c>metering archive export</c>: the records of an archive as text.</summary>
internal static class ArchiveExportCommand
{
    private const string Examples =
        """
        metering archive export 000000000001-000000004711-1a2b3c4d.archive > records.jsonl
        metering archive export 000000000001-000000004711-1a2b3c4d.archive --output csv | gzip > records.csv.gz

        FILE is a name in archives/ of the server's data directory; a file that was kept elsewhere has to be brought back
        there. Names are those that the catalog knew when the archive was made; one of another ledger can be read, too.
        """;

    private static readonly string[] Columns =
    [
        "uuid", "product_id", "product_instance_id", "billing_account_id", "sku_id", "unit", "quantity", "timestamp", "accepted",
        "service_account_id", "request_id",
    ];

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("export", "Writes the records of an archive as text.", Examples);
        var file = new Argument<string>("FILE") { Description = "The file's name" };
        var output = new FormOption("jsonl", "csv");
        command.Add(file);
        command.Add(output);
        var connection = new ConnectionOptions(command, Credentials.AdminToken);
        command.SetAction(async (line, cancellationToken) =>
        {
            bool isCsv = line.GetValue(output) == "csv";
            using MeteringClient client = connection.Connect(line, terminal);
            if (isCsv)
                Csv.WriteLine(terminal.Output, Columns);
            await foreach (ArchivedRecord record in client.ReadArchiveAsync(line.GetRequiredValue(file), cancellationToken))
            {
                if (isCsv)
                    Csv.WriteLine(terminal.Output, FieldsOf(record));
                else
                    WriteJson(record, terminal.Output);
            }

            return ExitCodes.Done;
        });
        return command;
    }

    private static string[] FieldsOf(ArchivedRecord record) =>
    [
        record.Uuid, record.ProductId, record.ProductInstanceId, record.BillingAccountId, record.SkuId, record.Unit,
        record.Quantity.ToString(CultureInfo.InvariantCulture), ArchiveReport.TimeOf(record.Timestamp), ArchiveReport.TimeOf(record.Accepted),
        record.ServiceAccountId, record.RequestId,
    ];

    private static void WriteJson(ArchivedRecord record, TextWriter output) => Json.Write(
        output,
        json =>
        {
            string[] fields = FieldsOf(record);
            json.WriteStartObject();
            for (int column = 0; column < Columns.Length; column++)
                json.WriteString(Columns[column], fields[column]);
            json.WriteEndObject();
        },
        indented: false);
}
