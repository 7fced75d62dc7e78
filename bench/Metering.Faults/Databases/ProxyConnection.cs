using System.Net.Sockets;

namespace Metering.Faults;

/// <summary>One connection through a <see cref="CommitProxy"/>.</summary>
/// <param name="client">The node's end.</param>
/// <param name="server">The database's end.</param>
/// <param name="passing">Told of COMMITs that come by; answers how the network is cut at them, or null.</param>
internal sealed class ProxyConnection(Socket client, Socket server, Func<ProxyConnection, int, NetworkCut?> passing) : IDisposable
{
    private const int ChunkBytes = 64 * 1024;

    private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly FrontendMessages _messages = new();

    /// <summary>The network was cut at a COMMIT on this connection: nothing comes back any more.</summary>
    public bool IsCutHere { get; set; }

    /// <summary>Passes on from now on, both ways.</summary>
    public void Start()
    {
        _ = RunAsync(PassRequestsAsync);
        _ = RunAsync(PassAnswersAsync);
    }

    public void Dispose()
    {
        client.Dispose();
        server.Dispose();
    }

    // When either side ends, so does the other; but a silent cut keeps still.
    private async Task RunAsync(Func<Task<bool>> pass)
    {
        bool isSilent = false;
        try
        {
            isSilent = await pass();
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            // One of the ends is gone.
        }

        _answered.TrySetResult();
        if (!isSilent)
            Dispose();
    }

    private async Task<bool> PassRequestsAsync()
    {
        byte[] chunk = new byte[ChunkBytes];
        while (true)
        {
            int bytes = await client.ReceiveAsync(chunk);
            if (bytes == 0)
                return false;
            NetworkCut? cut = passing(this, _messages.Read(chunk.AsSpan(0, bytes)));
            if (cut is NetworkCut.BeforeCommit or NetworkCut.SilentBeforeCommit)
                return cut == NetworkCut.SilentBeforeCommit && await SwallowAsync(chunk);
            await SendAsync(server, chunk.AsMemory(0, bytes));
            if (cut is not { } kind)
                continue;
            if (kind == NetworkCut.Meanwhile)
                return false;

            // What belongs to it may still be under way: it is passed on until the answer is there.
            await PassUntilAnsweredAsync(chunk);
            return kind == NetworkCut.SilentBeforeAnswer && await SwallowAsync(chunk);
        }
    }

    private async Task PassUntilAnsweredAsync(byte[] chunk)
    {
        using var stop = new CancellationTokenSource();
        Task rest = PassRestAsync(chunk, stop.Token);
        await _answered.Task;
        await stop.CancelAsync();
        await rest.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task PassRestAsync(byte[] chunk, CancellationToken stop)
    {
        while (await client.ReceiveAsync(chunk, stop) is var bytes and > 0)
            await SendAsync(server, chunk.AsMemory(0, bytes));
    }

    // Until the node gives it up, which is when the database is to notice too.
    private async Task<bool> SwallowAsync(byte[] chunk)
    {
        while (await client.ReceiveAsync(chunk) > 0)
            continue;
        return false;
    }

    private async Task<bool> PassAnswersAsync()
    {
        byte[] chunk = new byte[ChunkBytes];
        while (await server.ReceiveAsync(chunk) is var bytes and > 0)
        {
            if (IsCutHere)
            {
                _answered.TrySetResult();
                return true;
            }

            await SendAsync(client, chunk.AsMemory(0, bytes));
        }

        return IsCutHere; // whoever cuts here closes too
    }

    private static async Task SendAsync(Socket to, ReadOnlyMemory<byte> bytes)
    {
        while (bytes.Length > 0)
            bytes = bytes[await to.SendAsync(bytes)..];
    }
}
