using System.CommandLine;
using Metering.Client;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary><c>metering corrections</c>: what was corrected, by whom, and why.</summary>
internal sealed class CorrectionsCommand
{
    private const string Examples =
        """
        metering corrections
        metering corrections --sku SKU --output csv > corrections.csv

        They are listed by the timestamps of the records that they belong to.
        """;

    private readonly Terminal _terminal;
    private readonly CommandWithExamples _command = new("corrections", "Lists what was corrected, by whom, and why.", Examples);
    private readonly Option<string?> _product = new("--product") { HelpName = "ID", Description = "Only this product" };
    private readonly Option<string?> _instance = new("--instance") { HelpName = "ID", Description = "Only this product instance" };
    private readonly Option<string?> _account = new("--billing-account") { HelpName = "ID", Description = "Only this billing account" };
    private readonly Option<string?> _sku = new("--sku") { HelpName = "ID", Description = "Only this SKU" };
    private readonly Option<string> _output =
        new("--output", "-o") { HelpName = "table|json|csv", Description = "Form of the output", DefaultValueFactory = _ => "table" };
    private readonly ConnectionOptions _connection;

    private CorrectionsCommand(Terminal terminal)
    {
        _terminal = terminal;
        _output.AcceptOnlyFromAmong("table", "json", "csv");
        foreach (Option option in new Option[] { _product, _instance, _account, _sku, _output })
            _command.Add(option);
        _connection = new ConnectionOptions(_command, Credentials.AdminToken);
        _command.SetAction(RunAsync);
    }

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal) => new CorrectionsCommand(terminal)._command;

    private async Task<int> RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        var filter = new RecordFilter
        {
            ProductId = line.GetValue(_product) ?? string.Empty,
            ProductInstanceId = line.GetValue(_instance) ?? string.Empty,
            BillingAccountId = line.GetValue(_account) ?? string.Empty,
            SkuId = line.GetValue(_sku) ?? string.Empty,
        };
        using MeteringClient client = _connection.Connect(line, _terminal);
        var corrections = new List<Correction>();
        await foreach (Correction correction in client.ListCorrectionsAsync(filter, cancellationToken))
            corrections.Add(correction);
        switch (line.GetValue(_output))
        {
            case "json":
                Json.Write(_terminal.Output, json =>
                {
                    json.WriteStartArray();
                    foreach (Correction correction in corrections)
                        CorrectionReport.WriteJson(correction, json);
                    json.WriteEndArray();
                });
                break;
            case "csv":
                Csv.WriteLine(_terminal.Output, CorrectionReport.Names);
                foreach (Correction correction in corrections)
                    Csv.WriteLine(_terminal.Output, CorrectionReport.ValuesOf(correction));
                break;
            default:
                if (corrections.Count == 0)
                    _terminal.WriteNote("Nothing was corrected.");
                else
                    CorrectionReport.WriteTable(corrections, _terminal);
                break;
        }

        return ExitCodes.Done;
    }
}
