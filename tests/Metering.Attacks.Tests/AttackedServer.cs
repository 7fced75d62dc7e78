namespace Metering.Attacks.Tests;

/// <summary>One server for all attacks: what one leaves behind, the next meets.</summary>
public sealed class AttackedServer : IAsyncLifetime
{
    private ServerProcess? _server;

    internal ServerProcess Server => _server!;

    public async ValueTask InitializeAsync() => _server = await ServerProcess.StartAsync(Checkout.Root);

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
    }
}
