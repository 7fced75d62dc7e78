using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Metering.Grpc.Cost;

/// <summary>
/// Both handlers in one process, each behind a Kestrel of its own with the same settings. Says its two ports on standard
/// output, then what the process has used so far for every line of standard input; ends with standard input.
/// </summary>
internal static class CostServer
{
    public static async Task RunAsync(int messageBytes)
    {
        await using WebApplication bare = Make();
        bare.Run(new BareHandler(PayloadFrame.Make(messageBytes)).ServeAsync);
        await using WebApplication layer = Make();
        layer.UseRpc(LayerHandler.Make(messageBytes));
        await bare.StartAsync();
        await layer.StartAsync();
        Console.WriteLine($"{PortOf(bare)} {PortOf(layer)}");
        while (await Console.In.ReadLineAsync() is not null)
            Console.WriteLine(ServerUse.OfThisProcess());
    }

    private static WebApplication Make()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            // Connections rest while others have their turn, and a busy machine is no reason to give one up.
            kestrel.AddServerHeader = false;
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromHours(24);
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
        });
        return builder.Build();
    }

    private static int PortOf(WebApplication app) => new Uri(
        app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single()).Port;
}
