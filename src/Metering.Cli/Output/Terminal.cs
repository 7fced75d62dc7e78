using Metering.Client;
using Microsoft.Win32.SafeHandles;

namespace Metering.Cli;

/// <summary>What a piece of text means; shown as colour where colours are wanted.</summary>
internal enum Shade
{
    Plain,
    Good,
    Changed,
    Bad,
    Faint,
    Strong,
}

/// <summary>Everything that a command sees of the world around it, so that tests can stand in for it.</summary>
internal sealed class Terminal
{
    private const int StandardInputDescriptor = 0;
    private const int DefaultWidth = 100;

    /// <summary>Results.</summary>
    public required TextWriter Output { get; init; }

    /// <summary>Messages, progress.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Opens standard input, as bytes.</summary>
    public required Func<Stream> OpenInput { get; init; }

    /// <summary>Reads an environment variable.</summary>
    public required Func<string, string?> Environment { get; init; }

    /// <summary>Where relative paths start from.</summary>
    public required string Folder { get; init; }

    /// <summary>Whether a person reads the output, rather than a program.</summary>
    public bool OutputIsTerminal { get; init; }

    /// <summary>Whether a person reads the messages.</summary>
    public bool ErrorIsTerminal { get; init; }

    /// <summary>Columns of the terminal.</summary>
    public int Width { get; init; } = DefaultWidth;

    /// <summary>Where the time comes from.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>When the command began, as a timestamp of <see cref="Time"/>.</summary>
    public long StartedAt { get; init; }

    /// <summary>Whether the user asked for no colours (https://no-color.org).</summary>
    public bool IsColourless => !string.IsNullOrEmpty(Environment("NO_COLOR"));

    /// <summary>The process's own.</summary>
    public static Terminal OfProcess() => new()
    {
        StartedAt = TimeProvider.System.GetTimestamp(),
        Output = Console.Out,
        Error = Console.Error,
        // The console's own stream blocks the reader even when asked not to; a file stream reads on the thread pool.
        OpenInput = () => OperatingSystem.IsWindows()
            ? Console.OpenStandardInput()
            : new FileStream(new SafeFileHandle(StandardInputDescriptor, ownsHandle: false), FileAccess.Read, bufferSize: 0),
        Environment = System.Environment.GetEnvironmentVariable,
        Folder = System.Environment.CurrentDirectory,
        OutputIsTerminal = !Console.IsOutputRedirected,
        ErrorIsTerminal = !Console.IsErrorRedirected,
        // A terminal that does not know its size says 0.
        Width = Console.IsOutputRedirected || Console.WindowWidth <= 0 ? DefaultWidth : Console.WindowWidth,
    };

    /// <summary>A path as the user gave it, made absolute.</summary>
    public string PathOf(string path) => Path.Combine(Folder, path);

    /// <summary>A path as short as it can be shown here: below the current folder, relative.</summary>
    public string ShortPath(string path) => path.StartsWith(Folder + "/", StringComparison.Ordinal) ? path[(Folder.Length + 1)..] : path;

    /// <summary>The text in the colour of its meaning, when a person reads the output.</summary>
    public string Paint(string text, Shade shade) => Paint(text, shade, OutputIsTerminal);

    /// <summary>Writes one fault to the messages.</summary>
    public void WriteFault(string message) => Error.WriteLine(Paint("error:", Shade.Bad, ErrorIsTerminal) + " " + message);

    /// <summary>Writes what is worth knowing but no fault.</summary>
    public void WriteNote(string message) => Error.WriteLine(Paint(message, Shade.Faint, ErrorIsTerminal));

    /// <summary>Writes a failed request: status, words, fields, and the number to look up in the server's log.</summary>
    public void WriteFailure(MeteringException failure)
    {
        WriteFault($"{failure.Code.Name()}: {failure.Message}");
        foreach (FieldViolation violation in failure.Violations)
            Error.WriteLine($"  {violation.Field}: {violation.Description}");
        if (failure.RequestId is { } requestId)
            Error.WriteLine($"  request id: {requestId}");
    }

    private string Paint(string text, Shade shade, bool isTerminal)
    {
        string? code = shade switch
        {
            Shade.Good => "32",
            Shade.Changed => "33",
            Shade.Bad => "31",
            Shade.Faint => "2",
            Shade.Strong => "1",
            _ => null,
        };
        return code is null || !isTerminal || IsColourless ? text : $"\e[{code}m{text}\e[0m";
    }
}
