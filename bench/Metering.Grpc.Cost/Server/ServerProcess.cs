using System.Diagnostics;
using System.Net;

namespace Metering.Grpc.Cost;

/// <summary>The server as a process of its own, so that neither its memory nor its processor time is mixed with the load's.</summary>
internal sealed class ServerProcess : IDisposable
{
    private readonly Process _process;

    private ServerProcess(Process process)
    {
        _process = process;
        string[] ports = ReadLine().Split(' ');
        Bare = new IPEndPoint(IPAddress.Loopback, int.Parse(ports[0]));
        Layer = new IPEndPoint(IPAddress.Loopback, int.Parse(ports[1]));
    }

    /// <summary>Where the bare handler listens.</summary>
    public IPEndPoint Bare { get; }

    /// <summary>Where Metering.Grpc listens.</summary>
    public IPEndPoint Layer { get; }

    /// <summary>Starts this program again, as the server.</summary>
    /// <exception cref="CostException">It did not come up; it has said why on standard error.</exception>
    public static ServerProcess Start(int messageBytes)
    {
        string[] arguments = [typeof(ServerProcess).Assembly.Location, CostCommand.Serve, messageBytes.ToString()];
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            UseShellExecute = false,
        };
        return new ServerProcess(Process.Start(start) ?? throw new CostException("The server's process did not start."));
    }

    /// <summary>What the server has used so far.</summary>
    public ServerUse Measure()
    {
        _process.StandardInput.WriteLine();
        return ServerUse.Parse(ReadLine());
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
    }

    private string ReadLine() => _process.StandardOutput.ReadLine() ?? throw new CostException("The server ended.");
}

/// <summary>The run cannot go on; the message says why.</summary>
internal sealed class CostException(string message) : Exception(message);
