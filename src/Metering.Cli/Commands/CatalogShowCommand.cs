using System.CommandLine;
using Metering.Client;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary><c>metering catalog show</c>: the catalog in force.</summary>
internal static class CatalogShowCommand
{
    private const string Examples =
        """
        metering catalog show > catalog.yaml
        metering catalog show --output json | jq '.products'
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("show", "Shows the catalog in force, as apply takes it back.", Examples);
        var output = new FormOption("yaml", "json");
        command.Add(output);
        var connection = new ConnectionOptions(command, Credentials.AdminToken);
        command.SetAction(async (line, cancellationToken) =>
        {
            using MeteringClient client = connection.Connect(line, terminal);
            GetCatalogResponse answer = await client.GetCatalogAsync(cancellationToken);
            if (line.GetValue(output) == "json")
                Json.Write(terminal.Output, json => YamlAsJson.Write(answer.Yaml, json));
            else
                terminal.Output.Write(answer.Yaml.EndsWith('\n') ? answer.Yaml : answer.Yaml + "\n");
            return ExitCodes.Done;
        });
        return command;
    }
}
