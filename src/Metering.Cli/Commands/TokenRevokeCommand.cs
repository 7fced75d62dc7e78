using System.CommandLine;
using Metering.Client;

namespace Metering.Cli;

/// <summary><c>metering token revoke</c>: takes an IAM token out of use.</summary>
internal static class TokenRevokeCommand
{
    private const string Examples = "METERING_TOKEN=\"$TOKEN\" metering token revoke";

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("revoke", "Takes an IAM token out of use.", Examples);
        var connection = new ConnectionOptions(command, Credentials.Token);
        command.SetAction(async (line, cancellationToken) =>
        {
            using MeteringClient client = connection.Connect(line, terminal);
            string account = await client.RevokeTokenAsync(connection.Token(line, terminal)!, cancellationToken);
            terminal.Output.WriteLine($"The token of {account} is revoked.");
            return ExitCodes.Done;
        });
        return command;
    }
}
