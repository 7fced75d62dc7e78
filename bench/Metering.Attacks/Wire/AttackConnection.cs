using System.Net;
using System.Net.Sockets;

namespace Metering.Attacks;

/// <summary>
/// One connection of an attacker. It comes from another loopback address than everybody else's, as a stranger's would, so
/// that the server's share of connections per address is the attacker's own.
/// </summary>
internal sealed class AttackConnection : IAsyncDisposable
{
    private const int ReceiveBytes = 16 * 1024;

    private readonly Socket _socket;
    private readonly bool _isRead;
    private readonly AttackTally _tally;
    private readonly CancellationTokenSource _ended;
    private Task _receiving = Task.CompletedTask;
    private volatile bool _isClosedHere;

    private AttackConnection(Socket socket, AttackTally tally, bool isRead, CancellationToken stop)
    {
        _socket = socket;
        _isRead = isRead;
        _tally = tally;
        _ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
    }

    /// <summary>The attacker's address.</summary>
    public static IPAddress Source { get; } = IPAddress.Parse("127.0.0.2");

    /// <summary>Cancelled when the attack is over or, for a connection that is read, when the server has closed it.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>Connects.</summary>
    /// <param name="server">Where to.</param>
    /// <param name="tally">Counts what becomes of it.</param>
    /// <param name="isRead">Whether what the server sends is read; otherwise it stays in the buffers of the sockets.</param>
    /// <param name="stop">The end of the attack.</param>
    public static async Task<AttackConnection> OpenAsync(IPEndPoint server, AttackTally tally, bool isRead, CancellationToken stop)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (!isRead)
                socket.ReceiveBufferSize = 4096; // before connecting, so that little is offered
            socket.Bind(new IPEndPoint(Source, 0));
            await socket.ConnectAsync(server, stop);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        tally.CountOpened();
        var connection = new AttackConnection(socket, tally, isRead, stop);
        if (isRead)
            connection._receiving = connection.ReceiveAsync();
        return connection;
    }

    /// <summary>Sends all of it.</summary>
    /// <exception cref="SocketException">The server has closed the connection.</exception>
    /// <exception cref="OperationCanceledException">The attack or the connection is over.</exception>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            while (!bytes.IsEmpty)
            {
                int sent = await _socket.SendAsync(bytes, SocketFlags.None, Ended);
                _tally.CountSent(sent);
                bytes = bytes[sent..];
            }
        }
        catch (SocketException) when (!_isRead)
        {
            _tally.CountClosed(); // whoever reads notices it there
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _isClosedHere = true;
        if (_ended.IsCancellationRequested)
            _socket.LingerState = new LingerOption(enable: true, seconds: 0); // no TIME_WAIT: ports are few
        _socket.Dispose();
        await _receiving;
        _ended.Dispose();
    }

    private async Task ReceiveAsync()
    {
        var scanner = new FrameScanner(_tally);
        var buffer = new byte[ReceiveBytes];
        try
        {
            while (await _socket.ReceiveAsync(buffer) is > 0 and var count)
                scanner.Take(buffer.AsSpan(0, count));
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // Reset by the server, or closed here.
        }

        if (_isClosedHere)
            return;
        _tally.CountClosed();
        await _ended.CancelAsync();
    }
}
