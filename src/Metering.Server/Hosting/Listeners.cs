using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Metering.Ledger;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;

namespace Metering.Server;

/// <summary>Where a running server listens; null where it does not.</summary>
/// <param name="Http">Cleartext HTTP/1.1.</param>
/// <param name="Grpc">Cleartext HTTP/2.</param>
/// <param name="Https">TLS, HTTP/1.1 and HTTP/2.</param>
public sealed record ListenAddresses(IPEndPoint? Http, IPEndPoint? Grpc, IPEndPoint? Https);

/// <summary>The three listeners on Kestrel.</summary>
internal static class Listeners
{
    /// <summary>Tells Kestrel where to listen, in the order http, grpc, https.</summary>
    public static void Configure(KestrelServerOptions kestrel, ServerOptions options, ServerTls? tls, ConnectionGate gate)
    {
        kestrel.AddServerHeader = false;

        // Every answer's x-request-id would push the last one's headers out of HPACK's table, and cost more than it saves.
        kestrel.AllowResponseHeaderCompression = false;
        WireLimits.Apply(kestrel.Limits, options.Wire);
        var floods = new FloodGate(kestrel.ApplicationServices.GetRequiredService<TimeProvider>(), options.Wire.FloodPause);
        var http2 = new Http2Gate(options.Http2ConnectionsPerAddress, kestrel.ApplicationServices.GetRequiredService<TimeProvider>());
        if (options.ListenHttp is { } http)
            kestrel.Listen(http, listen => Admit(listen, gate, floods, HttpProtocols.Http1));
        if (options.ListenGrpc is { } grpc)
        {
            kestrel.Listen(grpc, listen =>
            {
                Admit(listen, gate, floods, HttpProtocols.Http2);
                listen.Use(next => connection => http2.ServeAsync(connection, next));
                listen.Use(next => connection => floods.WatchAsync(connection, next));
            });
        }

        if (options.ListenHttps is not { } https)
            return;
        kestrel.Listen(https, listen =>
        {
            Admit(listen, gate, floods, HttpProtocols.Http1AndHttp2); // before TLS, so that a stranger costs no handshake
            listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                OnConnection = _ => new ValueTask<SslServerAuthenticationOptions>(tls!.Handshake),
                HandshakeTimeout = options.Wire.HandshakeTime,
            });
            listen.Use(next => connection => http2.ServeAsync(connection, next));
            listen.Use(next => connection => floods.WatchAsync(connection, next));
        });
    }

    private static void Admit(ListenOptions listen, ConnectionGate gate, FloodGate floods, HttpProtocols protocols)
    {
        listen.Protocols = protocols;
        listen.Use(next => connection => floods.AdmitAsync(connection, next));
        listen.Use(next => connection => gate.ServeAsync(connection, next));
    }

    /// <summary>What Kestrel bound, with the ports that it chose where 0 was asked for.</summary>
    public static ListenAddresses Bound(IServer server, ServerOptions options)
    {
        var bound = new Queue<IPEndPoint>(server.Features.Get<IServerAddressesFeature>()!.Addresses.Select(address =>
        {
            var uri = new Uri(address);
            return new IPEndPoint(IPAddress.Parse(uri.Host.Trim('[', ']')), uri.Port);
        }));
        return new ListenAddresses(
            options.ListenHttp is null ? null : bound.Dequeue(),
            options.ListenGrpc is null ? null : bound.Dequeue(),
            options.ListenHttps is null ? null : bound.Dequeue());
    }

    /// <summary>A failed bind in words.</summary>
    public static StartException Explain(IOException fault, ServerOptions options)
    {
        (string Name, IPEndPoint? EndPoint)[] listeners =
            [("listen-http", options.ListenHttp), ("listen-grpc", options.ListenGrpc), ("listen-https", options.ListenHttps)];
        foreach ((string name, IPEndPoint? endPoint) in listeners)
        {
            if (endPoint is not null && fault.Message.Contains(endPoint.ToString(), StringComparison.Ordinal))
            {
                return fault.InnerException is AddressInUseException
                    ? new StartException($"{endPoint} is taken by another program. Stop it, or choose another address with --{name} ADDR:PORT (or none).", fault)
                    : new StartException($"Cannot listen on {endPoint}: {Innermost(fault).Message}. Choose another address with --{name} ADDR:PORT (or none).", fault);
            }
        }

        return new StartException($"Cannot listen: {Innermost(fault).Message}.", fault);
    }

    /// <summary>A socket that is not allowed or not there.</summary>
    public static StartException Explain(SocketException fault) =>
        new($"Cannot listen on the configured addresses: {fault.Message}. Check --listen-http, --listen-grpc and --listen-https.", fault);

    private static Exception Innermost(Exception fault) => fault.InnerException is { } inner ? Innermost(inner) : fault;
}
