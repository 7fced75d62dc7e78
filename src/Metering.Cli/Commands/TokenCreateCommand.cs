using System.CommandLine;
using Metering.Client;

namespace Metering.Cli;

/// <summary><c>metering token create</c>: exchanges a key for an IAM token and prints it.</summary>
internal static class TokenCreateCommand
{
    private const string Examples =
        """
        export METERING_TOKEN="$(metering token create --key key.json)"
        curl -H "Authorization: Bearer $METERING_TOKEN" ...
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("create", "Exchanges a key for an IAM token and prints it, alone.", Examples);
        var output = new Option<string>("--output", "-o")
        {
            HelpName = "token|json", Description = "json adds when it ends", DefaultValueFactory = _ => "token",
        };
        output.AcceptOnlyFromAmong("token", "json");
        command.Add(output);
        var connection = new ConnectionOptions(command, Credentials.Key);
        command.SetAction(async (line, cancellationToken) =>
        {
            using MeteringClient client = connection.Connect(line, terminal);
            AuthorizedKeyFile key = AuthorizedKeyFile.Read(terminal.PathOf(connection.KeyFile(line, terminal)!));
            IamToken token = await client.CreateTokenAsync(key, cancellationToken);
            if (line.GetValue(output) == "json")
            {
                Json.Write(terminal.Output, json =>
                {
                    json.WriteStartObject();
                    json.WriteString("iamToken", token.Value);
                    json.WriteString("expiresAt", token.ExpiresAt.UtcDateTime);
                    json.WriteEndObject();
                });
            }
            else
            {
                terminal.Output.WriteLine(token.Value);
            }

            return ExitCodes.Done;
        });
        return command;
    }
}
