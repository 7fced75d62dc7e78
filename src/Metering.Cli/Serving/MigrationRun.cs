using Metering.Server;

namespace Metering.Cli;

/// <summary>Runs a migration, with everything that can stand in the way put into words.</summary>
internal static class MigrationRun
{
    /// <summary>Runs it to its end.</summary>
    /// <exception cref="CommandException">It cannot begin, or ended early.</exception>
    public static async Task<MoveReport> ExecuteAsync(MigrationOptions options, Terminal terminal, CancellationToken interrupted)
    {
        var progress = new MigrationProgress(terminal);
        try
        {
            return await Server.Program.MigrateAsync(options, progress, interrupted);
        }
        catch (StartException fault)
        {
            throw new CommandException(ExitCodes.CannotStart, fault.Message, fault);
        }
        catch (MoveBrokenException fault)
        {
            throw new CommandException(ExitCodes.RequestFailed, fault.Message, fault);
        }
        catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
        {
            progress.Clear();
            terminal.WriteNote("Interrupted: the same command goes on from here. Until then no server opens the database.");
            throw;
        }
        finally
        {
            progress.Clear();
        }
    }
}
