using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using Metering.Client;

namespace Metering.Cli;

/// <summary>The <c>metering</c> command: the list of its commands, and the one place where faults become messages and exit codes.</summary>
internal static class Program
{
    /// <summary>Runs the process's own arguments; Ctrl-C and SIGTERM ask the command to end, a second one ends the process.</summary>
    public static async Task<int> Main(string[] arguments)
    {
        using var interrupted = new CancellationTokenSource();
        void Interrupt(PosixSignalContext signal)
        {
            signal.Cancel = !interrupted.IsCancellationRequested;
            interrupted.Cancel();
        }

        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
        return await RunAsync(arguments, Terminal.OfProcess(), interrupted.Token);
    }

    /// <summary>Runs one command line.</summary>
    /// <returns>One of <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(string[] arguments, Terminal terminal, CancellationToken interrupted)
    {
        try
        {
            // Somebody who types nothing wants to know what there is.
            string[] words = arguments.Length == 0 ? ["--help"] : arguments;
            ParseResult line = CreateRoot(terminal).Parse(words, new ParserConfiguration { ResponseFileTokenReplacer = null });
            if (line.Errors.Count > 0 && line.Action is not HelpWithExamples)
                return Refuse(line, terminal);
            var configuration = new InvocationConfiguration
            {
                Output = terminal.Output,
                Error = terminal.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            return await line.InvokeAsync(configuration, interrupted);
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
        {
            return ExitCodes.Interrupted;
        }
        catch (Exception fault)
        {
            return Explain(fault, terminal);
        }
    }

    private static RootCommand CreateRoot(Terminal terminal)
    {
        var root = new RootCommand("Marketplace Metering: counts usage records once, durably, with a verdict on each.")
        {
            ServeCommand.Create(terminal),
            DemoCommand.Create(terminal),
            BenchCommand.Create(terminal),
            MigrateCommand.Create(terminal),
            CommandGroup.Create("catalog", "Declares what is sold, by whom and to whom.", CatalogApplyCommand.Create(terminal),
                CatalogShowCommand.Create(terminal)),
            CommandGroup.Create("key", "Makes and deletes the keys of service accounts.", KeyCreateCommand.Create(terminal),
                KeyDeleteCommand.Create(terminal)),
            CommandGroup.Create("token", "Exchanges keys for IAM tokens, and revokes them.", TokenCreateCommand.Create(terminal),
                TokenRevokeCommand.Create(terminal)),
            CommandGroup.Create("signing-key", "Changes the key that the server signs IAM tokens with.", SigningKeyRotateCommand.Create(terminal)),
            CommandGroup.Create("archive", "Puts old records into files of their own, and reads them.", ArchiveCreateCommand.Create(terminal),
                ArchiveListCommand.Create(terminal), ArchiveVerifyCommand.Create(terminal), ArchiveExportCommand.Create(terminal)),
            WriteCommand.Create(terminal),
            UsageCommand.Create(terminal),
            StatementCommand.Create(terminal),
            VerifyCommand.Create(terminal),
            LookUpCommand.Create(terminal),
            RecordsCommand.Create(terminal),
            RejectedCommand.Create(terminal),
            ExportCommand.Create(terminal),
            WatchCommand.Create(terminal),
            CommandGroup.Create("consumers", "Places in the feed that are kept under names.", ConsumersListCommand.Create(terminal),
                ConsumersDeleteCommand.Create(terminal)),
            SkewCommand.Create(terminal),
            CorrectCommand.Create(terminal),
            CorrectionsCommand.Create(terminal),
        };
        foreach (HelpOption help in root.Options.OfType<HelpOption>())
            help.Action = new HelpWithExamples((HelpAction)help.Action!, terminal);
        return root;
    }

    private static int Refuse(ParseResult line, Terminal terminal)
    {
        // A word that is no command is named; that a command is missing then goes without saying.
        bool isMisspelt = line.UnmatchedTokens.Count > 0;
        IEnumerable<ParseError> errors = line.Errors.Where(error => !isMisspelt || !IsMissingCommand(error));
        foreach (string message in errors.Select(error => error.Message).Distinct())
            terminal.WriteFault(message);
        string command = string.Join(' ', Path(line.CommandResult.Command).Reverse());
        terminal.Error.WriteLine($"See `{command} --help`.");
        return ExitCodes.BadUsage;
    }

    private static bool IsMissingCommand(ParseError error) =>
        error.SymbolResult is CommandResult { Command.Subcommands.Count: > 0 }
            && error.Message.StartsWith("Required command", StringComparison.Ordinal);

    private static IEnumerable<string> Path(Command command)
    {
        for (Command? step = command; step is not null; step = step.Parents.OfType<Command>().FirstOrDefault())
            yield return step is RootCommand ? "metering" : step.Name;
    }

    private static int Explain(Exception fault, Terminal terminal)
    {
        switch (fault)
        {
            case CommandException refusal:
                terminal.WriteFault(refusal.Message);
                return refusal.ExitCode;
            case InvalidClientOptionsException or KeyFileException:
                terminal.WriteFault(fault.Message);
                return ExitCodes.BadUsage;
            case MeteringException failure:
                terminal.WriteFailure(failure);
                return ExitCodes.RequestFailed;
            case IOException or UnauthorizedAccessException:
                terminal.WriteFault(fault.Message);
                return ExitCodes.BadUsage;
            default:
                terminal.WriteFault($"This is a fault of metering itself, please report it: {fault.GetType().Name}: {fault.Message}");
                return ExitCodes.Internal;
        }
    }
}
