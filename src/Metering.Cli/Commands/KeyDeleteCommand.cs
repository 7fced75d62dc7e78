using System.CommandLine;
using Metering.Client;

namespace Metering.Cli;

/// <summary><c>metering key delete</c>: takes a key out of use.</summary>
internal static class KeyDeleteCommand
{
    private const string Examples = "metering key delete KEY --data ./metering-data";

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("delete", "Takes a key out of use, and every token issued for it.", Examples);
        var id = new Argument<string>("ID") { Description = "The key's id, as in its file" };
        command.Add(id);
        var connection = new ConnectionOptions(command, Credentials.AdminToken);
        command.SetAction(async (line, cancellationToken) =>
        {
            using MeteringClient client = connection.Connect(line, terminal);
            string key = line.GetRequiredValue(id);
            await client.DeleteKeyAsync(key, cancellationToken);
            terminal.Output.WriteLine($"Key {key} is deleted; tokens issued for it are refused from now on.");
            return ExitCodes.Done;
        });
        return command;
    }
}
