using System.CommandLine;
using Metering.Client;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary><c>metering skew</c>: how far the timestamps of accounts' records are from the server's clock.</summary>
internal static class SkewCommand
{
    private const string Examples =
        """
        metering skew
        metering skew --account SERVICE-ACCOUNT --since-start
        metering skew --output json

        Lag: the timestamps lie before the server's clock, because records come late or the sender's clock is slow. Lead: they
        lie after it, because its clock is fast. Red is what comes close to being refused. A server of several tells of what
        it was sent itself.

        """ + ConnectionOptions.WhoSeesWhat;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("skew", "Shows how far records' timestamps are from the server's clock.", Examples);
        var account = new Option<string?>("--account") { HelpName = "ID", Description = "Only this service account" };
        var sinceStart = new Option<bool>("--since-start") { Description = "Since the server started, instead of the last hour" };
        var output = new FormOption("table", "json", "csv");
        foreach (Option option in new Option[] { account, sinceStart, output })
            command.Add(option);
        var connection = new ConnectionOptions(command, Credentials.Reading);
        command.SetAction(async (line, cancellationToken) =>
        {
            using MeteringClient client = connection.Connect(line, terminal);
            ListSkewResponse answer = await client.ListSkewAsync(line.GetValue(account), cancellationToken);
            var report = new SkewReport(answer, line.GetValue(sinceStart));
            switch (line.GetValue(output))
            {
                case "json":
                    report.WriteJson(terminal.Output);
                    break;
                case "csv":
                    report.WriteCsv(terminal.Output);
                    break;
                default:
                    report.WriteTable(terminal);
                    break;
            }

            return ExitCodes.Done;
        });
        return command;
    }
}
