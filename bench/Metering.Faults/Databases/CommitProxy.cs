using System.Net;
using System.Net.Sockets;

namespace Metering.Faults;

/// <summary>How the network between a node and its database is cut when a COMMIT comes by.</summary>
internal enum NetworkCut
{
    /// <summary>The COMMIT does not get there.</summary>
    BeforeCommit,

    /// <summary>It gets there, and its answer does not come back.</summary>
    BeforeAnswer,

    /// <summary>It is sent on and everything is torn at the same moment: it may get there or not.</summary>
    Meanwhile,

    /// <summary>As the first, but nobody is told that the connection is gone: there is silence.</summary>
    SilentBeforeCommit,

    /// <summary>As the second, in silence.</summary>
    SilentBeforeAnswer,
}

/// <summary>
/// The network between nodes and their database, which can be cut to the byte: it reads along, and when a COMMIT comes by it
/// drops that connection as it was told, and all others with it.
/// </summary>
internal sealed class CommitProxy : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly string _socketPath;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<ProxyConnection> _connections = [];
    private readonly Lock _cutting = new();
    private readonly Task _accepting;
    private TaskCompletionSource? _cut;
    private NetworkCut _kind;
    private int _commitsBefore;
    private bool _isDown;

    /// <summary>Starts to pass on.</summary>
    /// <param name="socketPath">The database's Unix socket.</param>
    public CommitProxy(string socketPath)
    {
        _socketPath = socketPath;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    /// <summary>How a node reaches the database through it.</summary>
    public string Connection => $"Host=127.0.0.1;Port={Port};Username={DatabaseServer.User};Database={DatabaseServer.User};SSL Mode=Disable";

    /// <summary>Cuts the network at a COMMIT, once it comes, and mends it a while later.</summary>
    /// <param name="kind">How.</param>
    /// <param name="commitsBefore">COMMITs that get through before.</param>
    /// <param name="down">How long nothing new is connected.</param>
    public async Task CutAsync(NetworkCut kind, int commitsBefore, TimeSpan down)
    {
        var cut = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_cutting)
            (_cut, _kind, _commitsBefore) = (cut, kind, commitsBefore);
        await Waiting.UntilAsync("a COMMIT to be cut off", () => Task.FromResult(cut.Task.IsCompleted));
        await Task.Delay(down);
        lock (_cutting)
            _isDown = false;
    }

    /// <summary>Tears what was cut in silence: in the end the network says so too.</summary>
    public void EndSilence()
    {
        lock (_connections)
        {
            foreach (ProxyConnection silent in _connections.Where(connection => connection.IsCutHere))
                silent.Dispose();
            _connections.RemoveAll(connection => connection.IsCutHere);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        foreach (ProxyConnection connection in TakeConnections())
            connection.Dispose();
        EndSilence();
        _stop.Dispose();
    }

    // Null when the commits may pass.
    private NetworkCut? Passing(ProxyConnection connection, int commits)
    {
        lock (_cutting)
        {
            if (_cut is null || commits == 0 || (_commitsBefore -= commits) >= 0)
                return null;
            _cut.SetResult();
            (_cut, _isDown) = (null, true);
            connection.IsCutHere = true;
        }

        foreach (ProxyConnection other in TakeConnections())
            other.Dispose();

        return _kind;
    }

    private ProxyConnection[] TakeConnections()
    {
        lock (_connections)
        {
            ProxyConnection[] taken = [.. _connections.Where(connection => !connection.IsCutHere)];
            _connections.RemoveAll(connection => !connection.IsCutHere);
            return taken;
        }
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await ConnectAsync(await _listener.AcceptAsync(_stop.Token));
            }
            catch (Exception fault) when (fault is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // Stopped; or the node went away already.
            }
        }
    }

    private async Task ConnectAsync(Socket client)
    {
        var server = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var connection = new ProxyConnection(client, server, Passing);
        try
        {
            if (IsDown())
                throw new SocketException((int)SocketError.NetworkDown);
            await server.ConnectAsync(new UnixDomainSocketEndPoint(_socketPath), _stop.Token);
            lock (_connections)
                _connections.Add(connection);
            connection.Start();
        }
        catch (Exception fault) when (fault is OperationCanceledException or SocketException)
        {
            connection.Dispose();
        }
    }

    private bool IsDown()
    {
        lock (_cutting)
            return _isDown;
    }
}
