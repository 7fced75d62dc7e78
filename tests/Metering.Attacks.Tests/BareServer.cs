using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Metering.Attacks.Tests;

/// <summary>HTTP/2 with none of the product's bounds, and a handler that keeps what it receives: what the attacks are for.</summary>
internal sealed class BareServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private BareServer(WebApplication application) => _application = application;

    /// <summary>Requests that are being served.</summary>
    public int Held => Volatile.Read(ref _held);

    private int _held;

    public AttackTarget Target
    {
        get
        {
            string address = new Uri(_application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Authority;
            return new AttackTarget(address, address, address, "token", "instance", "sku");
        }
    }

    public static async Task<BareServer> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        var server = new BareServer(builder.Build());
        server._application.Run(server.HoldAsync);
        await server._application.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private async Task HoldAsync(HttpContext context)
    {
        Interlocked.Increment(ref _held);
        try
        {
            await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
        }
        catch (Exception fault) when (fault is OperationCanceledException or IOException)
        {
            // The client is gone.
        }
        finally
        {
            Interlocked.Decrement(ref _held);
        }
    }
}
