using System.CommandLine;
using Metering.Client;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary><c>metering rejected</c>: rejected records as they were sent, and what they add up to.</summary>
internal static class RejectedCommand
{
    private const int DefaultLimit = 100;
    private const int LimitMaximum = 100_000;
    private const int PageRecordsMaximum = 10_000;

    private const string Examples =
        """
        metering rejected --totals
        metering rejected --reason INVALID_SKU_ID --from 2026-01-31
        metering rejected --sku SKU --limit 1000 --output csv > rejected.csv
        metering rejected replay --dry-run

        Newest first. The quantity at risk is what would be counted if the records were in order: each uuid once, and none that
        was accepted since. A DUPLICATE is listed only when it differs from the record that was counted.

        """ + ConnectionOptions.WhoSeesWhat;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("rejected", "Lists and totals rejected records; replay has them judged anew.", Examples)
        {
            RejectedReplayCommand.Create(terminal),
        };
        var filter = new RejectedFilterOptions(command);
        var totals = new Option<bool>("--totals") { Description = "Sums by SKU and reason, with the quantity at risk" };
        var limit = new Option<int>("--limit")
        {
            HelpName = "N", Description = $"Most records to show, up to {LimitMaximum}", DefaultValueFactory = _ => DefaultLimit,
        };
        limit.Validators.Add(given =>
        {
            if (given.GetValue(limit) is < 1 or > LimitMaximum)
                given.AddError($"--limit is out of range: expected 1 to {LimitMaximum}.");
        });
        var output = new FormOption("table", "json", "csv");
        command.Add(totals);
        command.Add(limit);
        command.Add(output);
        var connection = new ConnectionOptions(command, Credentials.Reading);
        command.SetAction(async (line, cancellationToken) =>
        {
            RejectedFilter asked = filter.Read(line);
            using MeteringClient client = connection.Connect(line, terminal);
            if (line.GetValue(totals))
                RejectedTotals.Write(await client.SummarizeRejectedRecordsAsync(asked, cancellationToken), line.GetValue(output)!, terminal);
            else
                await ListAsync(client, asked, line.GetValue(limit), line.GetValue(output)!, terminal, cancellationToken);
            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task ListAsync(
        MeteringClient client, RejectedFilter asked, int most, string output, Terminal terminal, CancellationToken cancellationToken)
    {
        var records = new List<RejectedRecord>();
        // One more than is shown tells whether there are more.
        await foreach (RejectedRecord record in client.ListRejectedRecordsAsync(asked, Math.Min(most + 1, PageRecordsMaximum), cancellationToken))
        {
            records.Add(record);
            if (records.Count > most)
                break;
        }

        RejectedText.Write([.. records.Take(most)], output, terminal);
        if (records.Count > most)
            terminal.WriteNote($"There are more: --limit shows up to {Figures.Group(LimitMaximum)}, --totals sums them up.");
    }
}
