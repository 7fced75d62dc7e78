namespace Metering.Cli;

/// <summary>What the process ends with. The numbers are part of the interface: scripts depend on them.</summary>
internal static class ExitCodes
{
    /// <summary>Done.</summary>
    public const int Done = 0;

    /// <summary>
    /// The server understood and said no to part of it: a record was rejected or is not counted, a catalog has faults; or what was
    /// compared or verified differs.
    /// </summary>
    public const int Rejected = 1;

    /// <summary>Wrong arguments, or input that cannot be read.</summary>
    public const int BadUsage = 2;

    /// <summary>A request failed as a whole: not authorized, or the server cannot be reached.</summary>
    public const int RequestFailed = 3;

    /// <summary>The server cannot start: a port, the data directory, the clock or the catalog stands in the way.</summary>
    public const int CannotStart = 4;

    /// <summary>The server stopped by itself, because its ledger failed.</summary>
    public const int LedgerFailed = 5;

    /// <summary>A fault of the program.</summary>
    public const int Internal = 70;

    /// <summary>Ctrl-C.</summary>
    public const int Interrupted = 130;

    /// <summary>The table that help shows.</summary>
    public const string Help =
        """
        Exit codes:
          0    done
          1    something was rejected (a record, a catalog with faults), a record that was looked up is not accepted, or what was
               compared or verified differs
          2    wrong arguments, or input that cannot be read
          3    a request failed: not authorized, or the server cannot be reached
          4    the server cannot start
          5    the server stopped because its ledger failed
          130  interrupted
        """;
}

/// <summary>A command cannot go on; the message says what, where and what to do.</summary>
/// <param name="exitCode">One of <see cref="ExitCodes"/>.</param>
/// <param name="message">For people, without a stack trace.</param>
/// <param name="cause">What was caught, if anything.</param>
internal sealed class CommandException(int exitCode, string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>One of <see cref="ExitCodes"/>.</summary>
    public int ExitCode { get; } = exitCode;
}
