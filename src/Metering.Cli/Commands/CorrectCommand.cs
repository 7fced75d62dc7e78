using System.CommandLine;
using Metering.Client;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary><c>metering correct</c>: puts a compensating entry beside a record that was counted wrongly.</summary>
internal sealed class CorrectCommand
{
    private const string Examples =
        """
        metering correct 0f0c1b6e-2f5e-4b8e-9c55-0d7f6f0a2b11 --quantity 40 --reason "reported in bytes, not in kilobytes" --author ann@example.com
        metering correct 0f0c1b6e-2f5e-4b8e-9c55-0d7f6f0a2b11 --void --reason "test traffic" --author ann@example.com --dry-run

        The record stays as it was counted. What is added is the difference to what it should have been; it belongs to the
        record's own period, and totals and statements show it apart. A correction can be corrected: by another one.
        """;

    private readonly Terminal _terminal;
    private readonly CommandWithExamples _command =
        new("correct", "Corrects a record that was counted wrongly, by an entry beside it.", Examples);
    private readonly Argument<string> _uuid = new("UUID") { Description = "The record" };
    private readonly Option<long?> _quantity = new("--quantity") { HelpName = "NUMBER", Description = "What its quantity should have been" };
    private readonly Option<bool> _void = new("--void") { Description = "It should not have been counted: the same as --quantity 0" };
    private readonly Option<string?> _reason = new("--reason") { HelpName = "TEXT", Description = "Why, for those who read it later (required)" };
    private readonly Option<string?> _author = new("--author")
    {
        HelpName = "NAME", Description = "Who decided it [env METERING_AUTHOR] (required)",
    };

    private readonly Option<string?> _id = new("--id")
    {
        HelpName = "UUID",
        Description = "Number of the correction: the same command with the same number corrects once, however often it is run [default: a new one]",
    };

    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Say what would be added, and change nothing" };
    private readonly FormOption _output = new("text", "json");
    private readonly ConnectionOptions _connection;

    private CorrectCommand(Terminal terminal)
    {
        _terminal = terminal;
        _command.Add(_uuid);
        foreach (Option option in new Option[] { _quantity, _void, _reason, _author, _id, _dryRun, _output })
            _command.Add(option);
        _connection = new ConnectionOptions(_command, Credentials.AdminToken);
        _command.SetAction(RunAsync);
    }

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal) => new CorrectCommand(terminal)._command;

    private async Task<int> RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        CorrectRecordRequest request = Read(line);
        using MeteringClient client = _connection.Connect(line, _terminal);
        CorrectRecordResponse answer = await client.CorrectRecordAsync(request, cancellationToken);
        if (line.GetValue(_output) == "json")
            Json.Write(_terminal.Output, json => CorrectionReport.WriteJson(answer, request.DryRun, json));
        else
            CorrectionReport.WriteText(answer, request.DryRun, _terminal);
        return ExitCodes.Done;
    }

    private CorrectRecordRequest Read(ParseResult line)
    {
        bool isVoid = line.GetValue(_void);
        if ((line.GetValue(_quantity) is null) != isVoid)
            throw new CommandException(ExitCodes.BadUsage, "What should the record have been? Pass one of --quantity NUMBER and --void.");
        string? author = line.GetValue(_author) ?? _terminal.Environment("METERING_AUTHOR");
        if (string.IsNullOrWhiteSpace(author))
            throw new CommandException(ExitCodes.BadUsage, "Who decided it? Pass --author NAME, or set METERING_AUTHOR.");
        if (string.IsNullOrWhiteSpace(line.GetValue(_reason)))
            throw new CommandException(ExitCodes.BadUsage, "Why? Pass --reason TEXT: it is kept with the correction.");
        return new CorrectRecordRequest
        {
            Uuid = line.GetValue(_uuid)!,
            Quantity = line.GetValue(_quantity) ?? 0,
            Reason = line.GetValue(_reason)!,
            Author = author,
            CorrectionId = line.GetValue(_id) ?? Guid.NewGuid().ToString("D"), // so that a repeated call corrects once
            DryRun = line.GetValue(_dryRun),
        };
    }
}
