using System.CommandLine;
using Metering.Server;

namespace Metering.Cli;

/// <summary><c>metering serve</c>: the server itself. Its options are <see cref="ServerSettings"/>, which environment and file share.</summary>
internal static class ServeCommand
{
    private const string Examples =
        """
        metering serve --catalog catalog.yaml
        metering serve --data /var/lib/metering --listen-https 0.0.0.0:443 --advertise metering.example.org:443
        metering serve --emulator --emulator-mode dry-run

        Every option is also an environment variable (METERING_LISTEN_HTTP for --listen-http) and a member of the
        configuration file: {"listen-http": "none"}. What is typed outranks the environment, and that the file.
        Exit code 0: stopped on request (SIGTERM, Ctrl-C). 2: settings that cannot be used. 4: it cannot start.
        5: the ledger met a fault that it must not outlive; start it again.
        """;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("serve", "Serves the Marketplace Metering API from one directory.", Examples);
        var options = new Dictionary<ServerSetting, Option>();
        foreach (ServerSetting setting in ServerSettings.All)
        {
            string description = $"{setting.Description} [default: {setting.Default}]";
            Option option = setting.IsSwitch
                ? new Option<bool>("--" + setting.Name) { Description = description }
                : new Option<string?>("--" + setting.Name) { HelpName = setting.Value, Description = description };
            options.Add(setting, option);
            command.Add(option);
        }

        var file = new Option<string?>("--" + ServerSettings.ConfigurationFile) { HelpName = "FILE", Description = "Configuration file, JSON [env METERING_CONFIG]" };
        var output = new Option<string>("--output", "-o")
        {
            HelpName = "text|json",
            Description = "json: where it listens, as one line of JSON, once it does",
            DefaultValueFactory = _ => "text",
        };
        output.AcceptOnlyFromAmong("text", "json");
        command.Add(file);
        command.Add(output);
        command.SetAction(async (line, interrupted) =>
        {
            ServerOptions settings = Read(line, options, file, terminal);
            await using MeteringServer server = await ServerStart.StartAsync(settings, terminal, interrupted);
            if (line.GetValue(output) == "json")
                ServerBanner.WriteJson(server.Facts, terminal);
            else
                ServerBanner.Write(server.Facts, terminal);
            await terminal.Output.FlushAsync(CancellationToken.None);
            return await ServerStart.RunAsync(server, terminal, interrupted);
        });
        return command;
    }

    private static ServerOptions Read(ParseResult line, Dictionary<ServerSetting, Option> options, Option<string?> file, Terminal terminal)
    {
        var flags = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach ((ServerSetting setting, Option option) in options)
        {
            if (line.GetResult(option) is { Implicit: false })
                flags[setting.Name] = setting.IsSwitch ? line.GetValue((Option<bool>)option).ToString() : line.GetValue((Option<string?>)option) ?? "";
        }

        if (line.GetValue(file) is { } path)
            flags[ServerSettings.ConfigurationFile] = path;
        try
        {
            return ServerSettings.Read(flags, terminal.Environment);
        }
        catch (ServerSettingsException fault)
        {
            throw new CommandException(ExitCodes.BadUsage, string.Join("\nerror: ", fault.Faults), fault);
        }
    }
}
