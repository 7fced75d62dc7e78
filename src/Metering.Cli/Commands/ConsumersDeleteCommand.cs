using System.CommandLine;
using Metering.Client;

namespace Metering.Cli;

/// <summary><c>metering consumers delete</c>: forgets a place in the feed.</summary>
internal static class ConsumersDeleteCommand
{
    private const string Examples =
        """
        metering consumers delete billing

        A watch with this name begins at the first record again.
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("delete", "Forgets a place in the feed.", Examples);
        var name = new Argument<string>("NAME") { Description = "The consumer's name" };
        command.Add(name);
        var connection = new ConnectionOptions(command, Credentials.Reading);
        command.SetAction(async (line, cancellationToken) =>
        {
            using MeteringClient client = connection.Connect(line, terminal);
            await client.DeleteConsumerAsync(line.GetRequiredValue(name), cancellationToken);
            terminal.Output.WriteLine($"The place of {line.GetRequiredValue(name)} is forgotten.");
            return ExitCodes.Done;
        });
        return command;
    }
}
