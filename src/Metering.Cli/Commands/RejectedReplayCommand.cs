using System.CommandLine;
using Metering.Client;
using Metering.Contracts.V1;
using Outcome = Metering.Contracts.V1.ReplayedRecord.Types.Outcome;

namespace Metering.Cli;

/// <summary><c>metering rejected replay</c>: has rejected records judged anew, once the catalog was put right.</summary>
internal static class RejectedReplayCommand
{
    private const string Examples =
        """
        metering rejected replay --dry-run
        metering rejected replay --sku SKU
        metering rejected replay --sku SKU --as-of "the SKU was missing from Monday on, ticket 4711"

        Judged anew is what was rejected as INVALID_SKU_ID or INVALID_PRODUCT_ID, for its own sender and with its own contents.
        Each uuid is counted once: replaying twice is harmless. Where the acceptance window has passed, only --as-of counts it:
        a decision that is kept for ever, with who made it. It can add usage to hours that were thought to be closed.
        Exit code 1: at least one of them is not accepted.
        """;

    private static readonly TimeSpan PageTime = TimeSpan.FromMinutes(5); // ten thousand records, and a million gone through to find them

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("replay", "Has rejected records judged anew, once the catalog was put right.", Examples);
        var filter = new RejectedFilterOptions(command);
        var dryRun = new Option<bool>("--dry-run") { Description = "Only show what would become of them" };
        var asOf = new Option<string?>("--as-of")
        {
            HelpName = "DECISION", Description = "Judge each as of the moment when it was first received; why, in words that are kept",
        };
        var who = new Option<string?>("--operator") { HelpName = "NAME", Description = "Who decides it [default: the user, env USER]" };
        var output = new FormOption("table", "json", "csv");
        foreach (Option option in new Option[] { dryRun, asOf, who, output })
            command.Add(option);
        var connection = new ConnectionOptions(command, Credentials.AdminToken);
        command.SetAction(async (line, cancellationToken) =>
        {
            var request = new ReplayRejectedRecordsRequest
            {
                Filter = filter.Read(line),
                DryRun = line.GetValue(dryRun),
                AsOfReceipt = line.GetValue(asOf) is not null,
                Decision = line.GetValue(asOf) ?? string.Empty,
                Operator = line.GetValue(who) ?? terminal.Environment("USER") ?? string.Empty,
            };
            if (request.AsOfReceipt && (string.IsNullOrWhiteSpace(request.Decision) || string.IsNullOrWhiteSpace(request.Operator)))
                throw new CommandException(ExitCodes.BadUsage, "--as-of needs why, in words, and --operator who decides it: both are kept.");
            using MeteringClient client = connection.Connect(line, terminal, PageTime);
            var replayed = new List<ReplayedRecord>();
            try
            {
                await foreach (ReplayRejectedRecordsResponse page in client.ReplayRejectedRecordsAsync(request, cancellationToken))
                    replayed.AddRange(page.Records);
            }
            finally
            {
                // What was done is shown, however it ended.
                Write(replayed, request.DryRun, line.GetValue(output)!, terminal);
            }

            return replayed.All(record => record.Outcome is Outcome.Accepted or Outcome.AlreadyCounted) ? ExitCodes.Done : ExitCodes.Rejected;
        });
        return command;
    }

    private static void Write(List<ReplayedRecord> replayed, bool isDryRun, string output, Terminal terminal)
    {
        switch (output)
        {
            case "json":
                Json.Write(terminal.Output, json =>
                {
                    json.WriteStartObject();
                    json.WriteBoolean("dryRun", isDryRun);
                    json.WriteStartArray("records");
                    foreach (ReplayedRecord one in replayed)
                    {
                        json.WriteStartObject();
                        json.WriteString("outcome", NameOf(one.Outcome));
                        json.WriteString("why", one.Reason);
                        json.WritePropertyName("record");
                        RejectedText.WriteObject(one.Record, json);
                        json.WriteEndObject();
                    }

                    json.WriteEndArray();
                    json.WriteEndObject();
                });
                break;
            case "csv":
                Csv.WriteLine(terminal.Output, RejectedText.Columns.Prepend("why").Prepend("outcome"));
                foreach (ReplayedRecord one in replayed)
                    Csv.WriteLine(terminal.Output, RejectedText.FieldsOf(one.Record).Prepend(one.Reason).Prepend(NameOf(one.Outcome)));
                break;
            default:
                WriteTable(replayed, isDryRun, terminal);
                break;
        }
    }

    // By what became of them and why: there may be millions.
    private static void WriteTable(List<ReplayedRecord> replayed, bool isDryRun, Terminal terminal)
    {
        var table = new TextTable(
            new("outcome"), new("sku"), new("records", IsNumber: true), new("quantity", IsNumber: true), new("unit"), new("why"));
        foreach (var group in replayed.GroupBy(one => (one.Outcome, one.Record.SkuId, one.Record.Unit, one.Reason))
            .OrderBy(group => group.Key.Outcome).ThenBy(group => group.Key.SkuId, StringComparer.Ordinal))
        {
            System.Numerics.BigInteger quantity = group.Aggregate(System.Numerics.BigInteger.Zero, (sum, one) => sum + one.Record.Quantity);
            table.Add(
                new(NameOf(group.Key.Outcome), group.Key.Outcome is Outcome.Accepted or Outcome.AlreadyCounted ? Shade.Good : Shade.Bad),
                group.Key.SkuId, Figures.Group(group.LongCount()), new(Figures.Group(quantity), Shade.Strong), group.Key.Unit, group.Key.Reason);
        }

        if (!table.IsEmpty)
            table.Write(terminal);
        long accepted = replayed.LongCount(one => one.Outcome == Outcome.Accepted);
        terminal.Output.WriteLine(
            replayed.Count == 0 ? "There is nothing that a catalog could put right."
            : isDryRun ? $"{Figures.Count(accepted, "record")} of {Figures.Group(replayed.Count)} would be counted. Dry run: nothing was changed."
            : $"{Figures.Count(accepted, "record")} of {Figures.Group(replayed.Count)} counted.");
    }

    private static string NameOf(Outcome outcome) => outcome switch
    {
        Outcome.Accepted => "ACCEPTED",
        Outcome.AlreadyCounted => "ALREADY_COUNTED",
        Outcome.Rejected => "REJECTED",
        Outcome.NotPermitted => "NOT_PERMITTED",
        _ => $"OUTCOME_{(int)outcome}",
    };
}
