using System.Collections.Concurrent;
using System.IO.Pipelines;
using Metering.Ledger;
using Microsoft.AspNetCore.Connections;

namespace Metering.Server;

/// <summary>
/// Closes connections that flood the server with HTTP/2 frames (<see cref="FrameBudget"/>), and for a while takes no new one
/// from their address, which would only go on. The address's other connections stay: they have budgets of their own.
/// </summary>
/// <remarks>Thread-safe. Its memory is one entry for each address that has to pause, and a small one for each connection.</remarks>
internal sealed class FloodGate(TimeProvider time, TimeSpan pause)
{
    private readonly ConcurrentDictionary<ulong, long> _pausedUntil = new();

    /// <summary>Addresses that are remembered as having to pause.</summary>
    public int Paused => _pausedUntil.Count;

    /// <summary>Serves a new connection, or closes it unread when its address has to pause.</summary>
    public Task AdmitAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (_pausedUntil.IsEmpty || !MustPause(ConnectionGate.NetworkOf(connection.RemoteEndPoint)))
            return next(connection);
        return connection.DisposeAsync().AsTask();
    }

    /// <summary>Serves a connection, watching the frames that it sends; after TLS, where there is any.</summary>
    public async Task WatchAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        IDuplexPipe transport = connection.Transport;
        var input = new WatchedInput(transport.Input, new FrameBudget(time), () => Close(connection));
        connection.Transport = new WatchedTransport(input, transport.Output);
        try
        {
            await next(connection);
        }
        finally
        {
            connection.Transport = transport;
        }
    }

    private void Close(ConnectionContext connection)
    {
        Pause(ConnectionGate.NetworkOf(connection.RemoteEndPoint));
        connection.Abort(new ConnectionAbortedException("The client floods the connection."));
    }

    private bool MustPause(ulong network)
    {
        if (!_pausedUntil.TryGetValue(network, out long until))
            return false;
        if (time.GetTimestamp() < until)
            return true;
        _pausedUntil.TryRemove(new(network, until));
        return false;
    }

    /// <summary>Takes no new connection from an address for a while.</summary>
    internal void Pause(ulong network)
    {
        long now = time.GetTimestamp();
        if (_pausedUntil.Count >= Limits.PausedAddresses)
        {
            foreach (KeyValuePair<ulong, long> paused in _pausedUntil.Where(paused => paused.Value <= now))
                _pausedUntil.TryRemove(paused);
        }

        // Without room the connection is closed all the same.
        if (_pausedUntil.Count < Limits.PausedAddresses)
            _pausedUntil[network] = now + (long)(pause.TotalSeconds * time.TimestampFrequency);
    }

    private sealed record WatchedTransport(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
