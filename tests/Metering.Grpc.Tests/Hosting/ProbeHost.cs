using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Metering.Grpc.Tests;

/// <summary>A real Kestrel with the services under test: HTTP/2 cleartext on one port, HTTP/1.1 on another.</summary>
internal sealed class ProbeHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ProbeHost(WebApplication app, LogLines log)
    {
        _app = app;
        Log = log;
        IServerAddressesFeature listening = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        Uri[] addresses = [.. listening.Addresses.Select(address => new Uri(address))];
        (GrpcAddress, RestAddress) = (addresses[0], addresses[1]);
        Grpc = new HttpClient { BaseAddress = GrpcAddress, Timeout = TimeSpan.FromMinutes(1) };
        Rest = new HttpClient { BaseAddress = RestAddress, Timeout = TimeSpan.FromMinutes(1) };
    }

    public Uri GrpcAddress { get; }

    public Uri RestAddress { get; }

    public HttpClient Grpc { get; }

    public HttpClient Rest { get; }

    public LogLines Log { get; }

    public static Task<ProbeHost> StartAsync(params RpcService[] services) => StartAsync(TimeProvider.System, services);

    public static async Task<ProbeHost> StartAsync(TimeProvider time, params RpcService[] services)
    {
        var log = new LogLines();
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddSingleton(time);
        builder.Logging.ClearProviders().AddProvider(log);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
        });
        WebApplication app = builder.Build();
        app.Use((context, next) =>
        {
            context.Response.Headers["x-request-id"] = "from-middleware";
            return next(context);
        });
        app.UseRpc(new RpcServices(services));
        app.Run(context => context.Response.WriteAsync("elsewhere"));
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new ProbeHost(app, log);
    }

    public Task StopAsync() => _app.StopAsync(TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        Grpc.Dispose();
        Rest.Dispose();
        await _app.DisposeAsync();
    }
}

/// <summary>What the server logged.</summary>
internal sealed class LogLines : ILoggerProvider, ILogger
{
    private readonly System.Collections.Concurrent.ConcurrentQueue<(LogLevel Level, string Text)> _lines = new();

    public IReadOnlyList<(LogLevel Level, string Text)> Faults => [.. _lines.Where(line => line.Level >= LogLevel.Error)];

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue((logLevel, $"{formatter(state, exception)} {exception}"));

    public void Dispose()
    {
    }
}
