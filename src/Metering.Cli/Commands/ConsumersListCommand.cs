using System.CommandLine;
using Metering.Client;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary><c>metering consumers list</c>: the caller's places in the feed.</summary>
internal static class ConsumersListCommand
{
    private const string Examples =
        """
        metering consumers list
        metering consumers list --output json

        Each caller has its own: those of the admin token, of a publisher and of a customer do not meet.
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("list", "Lists the places in the feed that are kept under names.", Examples);
        var output = new FormOption("table", "json");
        command.Add(output);
        var connection = new ConnectionOptions(command, Credentials.Reading);
        command.SetAction(async (line, cancellationToken) =>
        {
            using MeteringClient client = connection.Connect(line, terminal);
            IReadOnlyList<FeedConsumer> consumers = await client.ListConsumersAsync(cancellationToken);
            if (line.GetValue(output) == "json")
                WriteJson(consumers, terminal);
            else
                WriteTable(consumers, terminal);
            return ExitCodes.Done;
        });
        return command;
    }

    private static void WriteTable(IReadOnlyList<FeedConsumer> consumers, Terminal terminal)
    {
        if (consumers.Count == 0)
            terminal.WriteNote("There are none: `metering watch --consumer NAME` makes one.");
        var table = new TextTable(new("name"), new("saved"), new("cursor"));
        foreach (FeedConsumer consumer in consumers)
            table.Add(consumer.Name, ArchiveReport.TimeOf(consumer.Saved), consumer.Cursor);
        if (!table.IsEmpty)
            table.Write(terminal);
    }

    private static void WriteJson(IReadOnlyList<FeedConsumer> consumers, Terminal terminal) => Json.Write(terminal.Output, json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("consumers");
        foreach (FeedConsumer consumer in consumers)
        {
            json.WriteStartObject();
            json.WriteString("name", consumer.Name);
            json.WriteString("saved", ArchiveReport.TimeOf(consumer.Saved));
            json.WriteString("cursor", consumer.Cursor);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    });
}
