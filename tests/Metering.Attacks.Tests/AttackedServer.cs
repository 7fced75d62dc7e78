namespace Metering.Attacks.Tests;

/// <summary>One server for all attacks: what one leaves behind, the next meets.</summary>
public sealed class AttackedServer : IAsyncLifetime
{
    private ServerProcess? _server;

    internal ServerProcess Server => _server!;

    internal static string Checkout { get; } = FindCheckout();

    public async ValueTask InitializeAsync() => _server = await ServerProcess.StartAsync(Checkout);

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
    }

    private static string FindCheckout()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "Metering.slnx")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new InvalidOperationException("These tests run inside a checkout.");
    }
}
