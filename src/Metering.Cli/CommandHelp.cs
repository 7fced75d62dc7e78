using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Metering.Cli;

/// <summary>A command whose help ends with examples.</summary>
/// <param name="name">What is typed.</param>
/// <param name="description">One line, shown in lists too.</param>
/// <param name="examples">Shown below the options.</param>
internal sealed class CommandWithExamples(string name, string description, string examples) : Command(name, description)
{
    /// <summary>Shown below the options.</summary>
    public string Examples { get; } = examples;
}

/// <summary>A command that only holds others.</summary>
internal static class CommandGroup
{
    /// <summary>Makes the group.</summary>
    public static Command Create(string name, string description, params Command[] commands)
    {
        var group = new Command(name, description);
        foreach (Command command in commands)
            group.Add(command);
        return group;
    }
}

/// <summary>The usual help, then the command's examples; for the root, the exit codes.</summary>
internal sealed class HelpWithExamples(HelpAction usual, Terminal terminal) : SynchronousCommandLineAction
{
    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        int exitCode = usual.Invoke(parseResult);
        string? extra = parseResult.CommandResult.Command switch
        {
            CommandWithExamples command =>
                "Examples:\n" + string.Join('\n', command.Examples.Split('\n').Select(line => ("  " + line).TrimEnd())),
            RootCommand => ExitCodes.Help,
            _ => null,
        };
        if (extra is not null)
        {
            terminal.Output.WriteLine(extra);
            terminal.Output.WriteLine();
        }

        return exitCode;
    }
}
