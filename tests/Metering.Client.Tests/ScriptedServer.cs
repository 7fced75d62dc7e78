using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Metering.Client.Tests;

/// <summary>One request as the server saw it.</summary>
internal sealed record Exchange(int Number, string Path, IReadOnlyDictionary<string, string> Headers, byte[] Message)
{
    public string Method => Path[(Path.LastIndexOf('.', Path.LastIndexOf('/')) + 1)..];

    public T Read<T>(MessageParser<T> parser)
        where T : IMessage<T> => parser.ParseFrom(Message);
}

/// <summary>What the server does with a request.</summary>
internal delegate Task CannedAnswer(HttpContext context);

/// <summary>A real HTTP/2 server that answers each call as its script says.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly WebApplication _application;
    private readonly ConcurrentQueue<Exchange> _exchanges = new();
    private int _number;

    private ScriptedServer(WebApplication application) => _application = application;

    /// <summary>Answers each request; the default refuses all.</summary>
    public Func<Exchange, CannedAnswer> Script { get; set; } = _ => Fail(12, "no script");

    public string Address => _application.Urls.First();

    public IReadOnlyList<Exchange> Exchanges => [.. _exchanges.OrderBy(exchange => exchange.Number)];

    public static async Task<ScriptedServer> StartAsync(X509Certificate2? certificate = null, HttpProtocols protocols = HttpProtocols.Http2)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore();
        if (certificate is not null)
            builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = protocols;
            if (certificate is not null)
                listen.UseHttps(certificate);
        }));
        WebApplication application = builder.Build();
        var server = new ScriptedServer(application);
        application.Run(server.AnswerAsync);
        await application.StartAsync();
        return server;
    }

    public static CannedAnswer Reply(IMessage message) => ReplyRaw(Frame(message.ToByteArray()));

    /// <summary>An answer with one more trailer.</summary>
    public static CannedAnswer ReplyWith(string trailer, string value, IMessage message) => async context =>
    {
        await Reply(message)(context);
        context.Response.AppendTrailer(trailer, value);
    };

    /// <summary>Any body, status OK in the trailers.</summary>
    public static CannedAnswer ReplyRaw(byte[] body) => async context =>
    {
        context.Response.ContentType = "application/grpc";
        context.Response.Headers["x-request-id"] = "scripted-request";
        await context.Response.Body.WriteAsync(body);
        context.Response.AppendTrailer("grpc-status", "0");
    };

    /// <summary>A failure: Trailers-Only, or in trailers after the headers.</summary>
    public static CannedAnswer Fail(int status, string percentEncoded, bool inTrailers = false, params IMessage[] details) =>
        async context =>
    {
        var headers = new Dictionary<string, string>
        {
            ["grpc-status"] = status.ToString(),
            ["grpc-message"] = percentEncoded,
        };
        if (details.Length > 0)
        {
            var rich = new Google.Rpc.Status { Code = status, Details = { details.Select(detail => Any.Pack(detail)) } };
            headers["grpc-status-details-bin"] = Convert.ToBase64String(rich.ToByteArray()).TrimEnd('=');
        }

        context.Response.ContentType = "application/grpc";
        context.Response.Headers["x-request-id"] = "scripted-request";
        if (inTrailers)
        {
            await context.Response.StartAsync();
            foreach ((string name, string value) in headers)
                context.Response.AppendTrailer(name, value);
        }
        else
        {
            foreach ((string name, string value) in headers)
                context.Response.Headers[name] = value;
        }
    };

    /// <summary>A stream of messages, each sent at once, then a status in the trailers.</summary>
    public static CannedAnswer Stream(params IMessage[] messages) => StreamThen(
        context =>
        {
            context.Response.AppendTrailer("grpc-status", "0");
            return Task.CompletedTask;
        },
        messages);

    /// <summary>A stream of messages, each sent at once, then something else: <see cref="Reset"/>, <see cref="Hang"/>, a status.</summary>
    public static CannedAnswer StreamThen(CannedAnswer end, params IMessage[] messages) => async context =>
    {
        context.Response.ContentType = "application/grpc";
        context.Response.Headers["x-request-id"] = "scripted-request";
        await context.Response.StartAsync();
        foreach (IMessage message in messages)
        {
            await context.Response.Body.WriteAsync(Frame(message.ToByteArray()));
            await context.Response.Body.FlushAsync();
        }

        await end(context);
    };

    /// <summary>A failure in the trailers, after a stream's messages.</summary>
    public static CannedAnswer FailStream(int status, string words) => context =>
    {
        context.Response.AppendTrailer("grpc-status", status.ToString());
        context.Response.AppendTrailer("grpc-message", words);
        return Task.CompletedTask;
    };

    /// <summary>Something that is no gRPC at all.</summary>
    public static CannedAnswer Http(int status, string contentType, string body) => async context =>
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        await context.Response.WriteAsync(body);
    };

    /// <summary>The request arrives, the answer never does: the stream is reset.</summary>
    public static CannedAnswer Reset() => context =>
    {
        context.Features.Get<IHttpResetFeature>()!.Reset(2);
        return Task.CompletedTask;
    };

    /// <summary>No answer until the client gives up.</summary>
    public static CannedAnswer Hang() => async context =>
    {
        var gone = new TaskCompletionSource();
        await using CancellationTokenRegistration registration = context.RequestAborted.Register(() => gone.TrySetResult());
        await gone.Task;
    };

    public static byte[] Frame(byte[] message)
    {
        byte[] frame = new byte[message.Length + 5];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }

    public async ValueTask DisposeAsync()
    {
        using var atOnce = new CancellationTokenSource();
        await atOnce.CancelAsync();
        await _application.StopAsync(atOnce.Token);
        await _application.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        byte[] message = body.Length >= 5 ? body.ToArray()[5..] : [];
        var exchange = new Exchange(
            Interlocked.Increment(ref _number),
            context.Request.Path,
            context.Request.Headers.ToDictionary(header => header.Key.ToLowerInvariant(), header => header.Value.ToString()),
            message);
        _exchanges.Enqueue(exchange);
        await Script(exchange)(context);
    }
}
