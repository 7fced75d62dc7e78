using System.CommandLine;

namespace Metering.Cli;

/// <summary><c>metering bench</c>: what a server takes on this machine and this disk, measured in half a minute.</summary>
internal static class BenchCommand
{
    private const string Examples =
        """
        metering bench
        metering bench --data /var/lib --seconds 20
        metering bench --output json

        A server of its own, on a loopback port, with a ledger that is gone afterwards; no other ledger is touched. Every record
        is fsynced before its answer. Server and load share the processors: with the load elsewhere there is more to be had.
        """;

    private const double DefaultSeconds = 5;
    private const double SecondsMinimum = 0.2;
    private const double SecondsMaximum = 3600;

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new CommandWithExamples("bench", "Measures what a server takes on this machine.", Examples);
        var data = new Option<string?>("--data", "-d")
        {
            HelpName = "DIR", Description = "Folder on the disk to measure; takes a folder for the run [default: the one for temporary files]",
        };
        var seconds = new Option<double>("--seconds")
        {
            HelpName = "SECONDS", Description = "Length of each of the three measurements; warming up takes twice that", DefaultValueFactory = _ => DefaultSeconds,
        };
        var output = new Option<string>("--output", "-o") { HelpName = "text|json", Description = "json: for programs", DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        command.Add(data);
        command.Add(seconds);
        command.Add(output);
        command.SetAction(async (line, interrupted) =>
        {
            double length = line.GetValue(seconds);
            if (length is not (>= SecondsMinimum and <= SecondsMaximum))
                throw new CommandException(ExitCodes.BadUsage, $"--seconds is {length}: {SecondsMinimum} to {SecondsMaximum} is allowed.");
            string parent = line.GetValue(data) is { } path ? terminal.PathOf(path) : Path.GetTempPath();
            if (!Directory.Exists(parent))
                throw new CommandException(ExitCodes.BadUsage, $"--data {parent}: there is no such folder.");
            BenchFigures figures = await new BenchRun(parent, length, terminal).ExecuteAsync(interrupted);
            if (line.GetValue(output) == "json")
                BenchReport.WriteJson(figures, terminal);
            else
                BenchReport.Write(figures, terminal);
            return ExitCodes.Done;
        });
        return command;
    }
}
