using System.CommandLine;
using Metering.Client;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary><c>metering statement</c>: what was counted for an owner in a closed period, and its comparison with one's own list.</summary>
internal static class StatementCommand
{
    private const string Examples =
        """
        metering statement --owner dn2first0customer --period 2026-10
        metering statement --owner acme-database-first --period 2026-10 --time-zone Europe/Moscow --output json
        metering statement diff --owner acme-database-first --period 2026-10 --file my-records.csv

        The owner is a billing account or a product instance. A period has a statement once no more records are accepted for it.
        Its SHA-256 is of the records in canonical order: anybody can make it again (docs/statements.md).

        """ + ConnectionOptions.WhoSeesWhat;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("statement", "Shows what was counted for an owner in a closed period.", Examples);
        var period = new StatementOptions(command);
        var output = new FormOption("table", "json", "csv");
        command.Add(output);
        var connection = new ConnectionOptions(command, Credentials.Reading);
        command.SetAction(async (line, cancellationToken) =>
        {
            GetStatementRequest request = period.Read(line);
            using MeteringClient client = connection.Connect(line, terminal);
            var report = new StatementReport(await client.GetStatementAsync(request, cancellationToken));
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
        command.Add(StatementDiffCommand.Create(terminal));
        return command;
    }
}

/// <summary>The options that say whose statement is meant, and of which period.</summary>
internal sealed class StatementOptions
{
    private readonly Option<string> _owner = new("--owner")
    {
        HelpName = "ID", Description = "Billing account or product instance", DefaultValueFactory = _ => string.Empty,
    };

    private readonly Option<string> _period = new("--period")
    {
        HelpName = "MONTH", Description = "Calendar month, such as 2026-10", DefaultValueFactory = _ => string.Empty,
    };

    private readonly Option<string?> _from = new("--from") { HelpName = "TIME", Description = "Start of another period: a date or RFC 3339" };
    private readonly Option<string?> _to = new("--to") { HelpName = "TIME", Description = "End of another period, exclusive" };
    private readonly Option<string?> _timeZone =
        new("--time-zone") { HelpName = "ZONE", Description = "IANA time zone of months and dates, such as Europe/Moscow [default: UTC]" };

    /// <summary>Adds the options to a command.</summary>
    public StatementOptions(Command command)
    {
        foreach (Option option in new Option[] { _owner, _period, _from, _to, _timeZone })
            command.Add(option);
    }

    /// <summary>The question.</summary>
    /// <exception cref="CommandException">Something is missing, or does not go together.</exception>
    public GetStatementRequest Read(ParseResult line)
    {
        TimeZoneInfo zone = ZonedTime.ZoneOf(line.GetValue(_timeZone));
        (string owner, string period) = (line.GetValue(_owner)!, line.GetValue(_period)!);
        (string? from, string? to) = (line.GetValue(_from), line.GetValue(_to));
        if (owner.Length == 0)
            throw new CommandException(ExitCodes.BadUsage, "--owner is missing: a billing account or a product instance.");
        bool isRange = from is not null && to is not null;
        if (period.Length > 0 ? from is not null || to is not null : !isRange)
            throw new CommandException(ExitCodes.BadUsage, "Give either --period, such as 2026-10, or both --from and --to.");
        var request = new GetStatementRequest { OwnerId = owner, Month = period, TimeZone = line.GetValue(_timeZone) ?? string.Empty };
        if (isRange)
        {
            request.From = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(ZonedTime.Parse("--from", from!, zone));
            request.To = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(ZonedTime.Parse("--to", to!, zone));
        }

        return request;
    }
}
