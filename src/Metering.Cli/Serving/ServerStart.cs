using Metering.Server;

namespace Metering.Cli;

/// <summary>Starts a server in this process, with everything that can stand in the way put into words.</summary>
internal static class ServerStart
{
    /// <summary>Starts it.</summary>
    /// <exception cref="CommandException">It cannot start.</exception>
    public static async Task<MeteringServer> StartAsync(ServerOptions options, Terminal terminal, CancellationToken cancellationToken)
    {
        try
        {
            return await Server.Program.StartAsync(options, terminal.Time, cancellationToken);
        }
        catch (StartException fault)
        {
            throw new CommandException(ExitCodes.CannotStart, fault.Message, fault);
        }
        catch (InvalidCatalogException fault)
        {
            foreach (CatalogFault one in fault.Faults)
                terminal.Error.WriteLine(one);
            throw new CommandException(ExitCodes.CannotStart, $"{Figures.Count(fault.Faults.Count, "fault")} in {options.Catalog}: nothing was changed.", fault);
        }
    }

    /// <summary>Serves until it is to stop.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(MeteringServer server, Terminal terminal, CancellationToken stop)
    {
        if (await server.RunAsync(stop) == ServerEnd.LedgerFailed)
            return ExitCodes.LedgerFailed;
        terminal.WriteNote("Stopped: what was in flight is finished, the ledger is closed.");
        return ExitCodes.Done;
    }
}
