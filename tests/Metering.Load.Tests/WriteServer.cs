using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yandex.Cloud.Marketplace.Metering.V1;
using Reason = Yandex.Cloud.Marketplace.Metering.V1.RejectedUsageRecord.Types.Reason;

namespace Metering.Load.Tests;

/// <summary>A gRPC server on an ephemeral port that tells first from repeated uuids; a test may answer first.</summary>
internal sealed class WriteServer : IAsyncDisposable
{
    private readonly WebApplication _application;

    private WriteServer(WebApplication application) => _application = application;

    /// <summary>Uuids that were accepted.</summary>
    public ConcurrentDictionary<string, bool> Accepted { get; } = new();

    /// <summary>host:port.</summary>
    public string Address => new Uri(Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First()).Authority;

    private IFeatureCollection Features => _application.Services.GetRequiredService<IServer>().Features;

    /// <param name="intercept">Answers a request itself (true) or leaves it (false); gets the number of the request, from 1.</param>
    /// <param name="maximumStreams">Most streams a connection.</param>
    public static async Task<WriteServer> StartAsync(Func<HttpContext, long, bool>? intercept = null, int maximumStreams = 100)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
            kestrel.Limits.Http2.MaxStreamsPerConnection = maximumStreams;
        });
        var server = new WriteServer(builder.Build());
        long requests = 0;
        server._application.Run(async context =>
        {
            WriteUsageRequest request = await ReadAsync(context.Request.BodyReader);
            if (intercept?.Invoke(context, Interlocked.Increment(ref requests)) != true)
                await server.AnswerAsync(context.Response, request);
        });
        await server._application.StartAsync();
        return server;
    }

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private static async Task<WriteUsageRequest> ReadAsync(PipeReader reader)
    {
        while (true)
        {
            ReadResult result = await reader.ReadAsync();
            if (!result.IsCompleted)
            {
                reader.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                continue;
            }

            var request = WriteUsageRequest.Parser.ParseFrom(result.Buffer.Slice(5));
            reader.AdvanceTo(result.Buffer.End);
            return request;
        }
    }

    private async Task AnswerAsync(HttpResponse response, WriteUsageRequest request)
    {
        var answer = new WriteUsageResponse();
        foreach (UsageRecord record in request.UsageRecords)
        {
            if (Accepted.TryAdd(record.Uuid, true))
                answer.Accepted.Add(new AcceptedUsageRecord { Uuid = record.Uuid });
            else
                answer.Rejected.Add(new RejectedUsageRecord { Uuid = record.Uuid, Reason = Reason.Duplicate });
        }

        byte[] body = new byte[5 + answer.CalculateSize()];
        BinaryPrimitives.WriteInt32BigEndian(body.AsSpan(1), body.Length - 5);
        answer.WriteTo(body.AsSpan(5));
        response.ContentType = "application/grpc";
        response.Headers["x-request-id"] = body.Length + "-" + request.UsageRecords[0].Uuid;
        await response.Body.WriteAsync(body);
        response.AppendTrailer("grpc-status", "0");
    }
}
