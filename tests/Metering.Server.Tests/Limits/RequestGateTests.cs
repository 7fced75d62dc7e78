using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Yandex.Cloud.Iam.V1;
using Yandex.Cloud.Marketplace.Metering.V1;
using Bounds = Metering.Ledger.Limits;

namespace Metering.Server.Tests;

/// <summary>What all requests may hold together: nobody grows the server's memory, and who asks after its health hears it.</summary>
public class RequestGateTests
{
    private const string RestWrite = "/marketplace/metering/v1/productUsage/write";

    [Fact]
    public async Task One_request_too_many_is_refused_at_once_and_health_is_answered_still()
    {
        await using RunningServer server = await StartAsync(new WireBounds { RequestsInFlight = 3 });
        string token = await server.TokenAsync("acme-reporter");
        await using RawConnection connection = await RawConnection.OpenHttp2Async(server.Server.Facts.Listening.Grpc!);
        for (int stream = 1; stream <= 5; stream += 2)
            await connection.SendFrameAsync(RawRequest.Headers, RawRequest.EndHeaders, stream, RawRequest.Post(RawRequest.ProductWrite));
        await Until(() => server.Server.InFlight.Requests == 3);

        (HttpStatusCode status, JsonNode refusal) = await server.PostAsync(RestWrite, "{}", token);
        Assert.Equal((HttpStatusCode.TooManyRequests, 8), (status, (int)refusal["code"]!));
        Assert.Equal("type.googleapis.com/google.rpc.RetryInfo", (string)Assert.Single(refusal["details"]!.AsArray())!["@type"]!);
        (int code, string words, _) = await server.CallAsync<WriteUsageResponse>(RawRequest.ProductWrite, new WriteUsageRequest(), token);
        Assert.Equal(8, code);
        Assert.Contains("Too many requests", words);

        Assert.Equal(HttpStatusCode.OK, (await server.GetAsync("/readyz")).Status);
        Assert.Equal(HttpStatusCode.OK, (await server.GetAsync("/healthz")).Status);
        Assert.Equal(0, (await server.CallAsync("/grpc.health.v1.Health/Check", [], token)).Status);

        await connection.SendFrameAsync(RawRequest.Reset, 0, stream: 1, [0, 0, 0, 8]);
        await Until(() => server.Server.InFlight.Requests == 2);
        Assert.Equal("ACCEPTED", Assert.Single(await server.WriteAsync(token, server.Record())).Value);
    }

    [Fact]
    public async Task One_address_has_no_more_requests_than_its_share()
    {
        await using RunningServer server = await StartAsync(new WireBounds { RequestsInFlightPerAddress = 1 });
        await using RawConnection connection = await RawConnection.OpenHttp2Async(server.Server.Facts.Listening.Grpc!);
        await connection.SendFrameAsync(RawRequest.Headers, RawRequest.EndHeaders, 1, RawRequest.Post(RawRequest.ProductWrite));
        await Until(() => server.Server.InFlight.Requests == 1);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await server.PostAsync(RestWrite, "{}", token: null)).Status);
    }

    [Fact]
    public async Task Refusals_that_nobody_reads_are_bounded_too_and_the_next_request_is_cut_off()
    {
        var gate = new RequestGate(new WireBounds { RequestsInFlight = 1, RefusalsInFlight = 2 });
        var served = new List<int>();
        for (int request = 1; request <= 4; request++)
        {
            int number = request;
            var life = new Life();
            var context = new DefaultHttpContext(); // never completes
            context.Features.Set<IHttpRequestLifetimeFeature>(life);
            await gate.InvokeAsync(context, _ =>
            {
                served.Add(number);
                return Task.CompletedTask;
            });
            Assert.Equal(request is 2 or 3 ? 429 : 200, context.Response.StatusCode);
            Assert.Equal(request == 4, life.IsAborted);
        }

        Assert.Equal([1], served);
    }

    [Fact]
    public async Task Everything_that_entered_has_left_when_all_is_answered_or_gone()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        string token = await server.TokenAsync("acme-reporter");
        for (int request = 0; request < 20; request++)
        {
            await server.PostAsync(RestWrite, "{}", token);
            await server.PostAsync("/nowhere", "{}", token);
            await server.CallAsync(RawRequest.ProductWrite, new byte[20_000], token); // malformed, and charged for
            await server.CallAsync("/no.such.Service/Call", [], token);
        }

        await using (RawConnection connection = await RawConnection.OpenHttp2Async(server.Server.Facts.Listening.Grpc!))
        {
            for (int stream = 1; stream <= 41; stream += 2)
            {
                string path = stream % 4 == 1 ? RawRequest.HealthWatch : RawRequest.TokenCreate;
                await connection.SendFrameAsync(RawRequest.Headers, RawRequest.EndHeaders, stream, RawRequest.Post(path));
                await connection.SendFrameAsync(RawRequest.Data, 0, stream, [.. RawRequest.Prefix(4000), .. new byte[2500]]);
            }

            await Until(() => server.Server.InFlight.Requests == 21);
            Assert.Equal(11, server.Server.InFlight.Streams);
        }

        InFlight held = server.Server.InFlight;
        await Until(() => (held.Requests, held.Streams, held.MessageBytes) == (0, 0, 0));
    }

    [Fact]
    public async Task Messages_in_flight_share_one_budget_and_small_ones_pass_without_it()
    {
        await using RunningServer server = await StartAsync(new WireBounds { MessageBytesInFlight = 50_000 });
        string token = await server.TokenAsync("acme-reporter");
        await using RawConnection connection = await RawConnection.OpenHttp2Async(server.Server.Facts.Listening.Grpc!);
        await SendPartAsync(connection, stream: 1, ofBytes: 60_000, bytes: 40_000);
        await Until(() => server.Server.InFlight.MessageBytes >= 40_000);

        var large = new CreateIamTokenRequest { YandexPassportOauthToken = new string('x', 30_000) };
        (int code, string words, _) = await server.CallAsync<CreateIamTokenResponse>(RawRequest.TokenCreate, large, token: null);
        Assert.Equal(8, code);
        Assert.Contains("too many request messages", words);
        string body = new JsonObject { ["jwt"] = new string('x', 30_000) }.ToJsonString();
        (HttpStatusCode status, JsonNode refusal) = await server.PostAsync("/iam/v1/tokens", body, token: null);
        Assert.Equal((HttpStatusCode.TooManyRequests, 8), (status, (int)refusal["code"]!));
        Assert.Equal("type.googleapis.com/google.rpc.RetryInfo", (string)Assert.Single(refusal["details"]!.AsArray())!["@type"]!);
        Assert.Equal("ACCEPTED", Assert.Single(await server.WriteAsync(token, server.Record())).Value);

        await connection.SendFrameAsync(RawRequest.Reset, 0, stream: 1, [0, 0, 0, 8]);
        await Until(() => server.Server.InFlight.MessageBytes == 0);
        Assert.Equal(3, (await server.CallAsync<CreateIamTokenResponse>(RawRequest.TokenCreate, large, token: null)).Status);
    }

    [Fact]
    public async Task One_address_has_no_more_message_bytes_than_its_share()
    {
        await using RunningServer server = await StartAsync(new WireBounds { MessageBytesInFlightPerAddress = 50_000 });
        var request = new CreateIamTokenRequest { YandexPassportOauthToken = new string('x', 49_000) };
        Assert.Equal(3, (await server.CallAsync<CreateIamTokenResponse>(RawRequest.TokenCreate, request, token: null)).Status);
        request.YandexPassportOauthToken = new string('x', 51_000);
        Assert.Equal(8, (await server.CallAsync<CreateIamTokenResponse>(RawRequest.TokenCreate, request, token: null)).Status);
    }

    [Fact]
    public async Task Many_connections_with_parts_of_messages_hold_no_more_than_the_budget_and_others_are_served()
    {
        const int Connections = 150;
        var bounds = new WireBounds { MessageBytesInFlight = 4 * 1024 * 1024, MessageBytesInFlightPerAddress = 2 * 1024 * 1024, DataRateGrace = TimeSpan.FromHours(1) };
        await using RunningServer server = await StartAsync(bounds);
        string token = await server.TokenAsync("acme-reporter");
        var attackers = new List<RawConnection>();
        try
        {
            for (int index = 0; index < Connections; index++)
            {
                RawConnection attacker = await RawConnection.OpenHttp2Async(server.Server.Facts.Listening.Grpc!);
                attackers.Add(attacker);
                await SendPartAsync(attacker, stream: 1, ofBytes: 200_000, bytes: 60_000); // 9 MB in all
            }

            // What is more than there is room for was refused, without having been read to the end.
            int refused = 0;
            Task[] reading = [.. attackers.Select(async attacker =>
            {
                await attacker.ReadFrameAsync(RawRequest.Headers); // the refusal; who waits hears nothing
                Interlocked.Increment(ref refused);
            })];
            int atLeast = Connections - (int)(bounds.MessageBytesInFlightPerAddress / 60_000);
            await Until(() => Volatile.Read(ref refused) >= atLeast);
            Assert.InRange(server.Server.InFlight.MessageBytes, 1_000_000, bounds.MessageBytesInFlightPerAddress);
            Assert.Equal("ACCEPTED", Assert.Single(await server.WriteAsync(token, server.Record())).Value);
            Assert.Equal(HttpStatusCode.OK, (await server.GetAsync("/readyz")).Status);
        }
        finally
        {
            foreach (RawConnection attacker in attackers)
                await attacker.DisposeAsync();
        }

        await Until(() => server.Server.InFlight.MessageBytes == 0);
    }

    [Fact]
    public async Task One_streaming_call_too_many_is_refused_and_there_is_room_again_when_another_ends()
    {
        await using RunningServer server = await StartAsync(new WireBounds { StreamingCalls = 2 });
        await AssertTwoWatchesAsync(server);
    }

    [Fact]
    public async Task One_address_has_no_more_streaming_calls_than_its_share()
    {
        await using RunningServer server = await StartAsync(new WireBounds { StreamingCallsPerAddress = 2 });
        await AssertTwoWatchesAsync(server);
    }

    [Fact]
    public async Task A_stranger_cannot_make_the_server_read_what_is_for_the_admin()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await using RawConnection connection = await RawConnection.OpenHttp2Async(server.Server.Facts.Listening.Grpc!);
        await connection.SendFrameAsync(
            RawRequest.Headers, RawRequest.EndHeaders, 1, RawRequest.Post("/metering.v1.CatalogService/Apply"));
        (byte type, byte flags, _, _) = await connection.ReadFrameOfStreamAsync(1); // no byte of the message was sent
        Assert.Equal((RawRequest.Headers, RawRequest.EndStream), (type, flags & RawRequest.EndStream));
    }

    private static Task<RunningServer> StartAsync(WireBounds bounds) => RunningServer.StartAsync(options =>
    {
        options.Wire = bounds;
        options.Http2ConnectionsPerAddress = Bounds.ConnectionsPerAddress; // what is bounded here is behind the connections
    });

    // Within frames and the connection's window.
    private static async Task SendPartAsync(RawConnection connection, int stream, int ofBytes, int bytes)
    {
        Assert.True(bytes + 5 <= 65_535, "a connection's window starts with so many bytes");
        await connection.SendFrameAsync(RawRequest.Headers, RawRequest.EndHeaders, stream, RawRequest.Post(RawRequest.TokenCreate));
        await connection.SendFrameAsync(RawRequest.Data, 0, stream, RawRequest.Prefix(ofBytes));
        for (int sent = 0; sent < bytes; sent += Bounds.FrameBytes)
            await connection.SendFrameAsync(RawRequest.Data, 0, stream, new byte[Math.Min(Bounds.FrameBytes, bytes - sent)]);
    }

    private static async Task AssertTwoWatchesAsync(RunningServer server)
    {
        await using RawConnection connection = await RawConnection.OpenHttp2Async(server.Server.Facts.Listening.Grpc!);
        for (int stream = 1; stream <= 3; stream += 2)
        {
            await WatchAsync(connection, stream);
            Assert.Equal(0, (await connection.ReadFrameOfStreamAsync(stream)).Flags & RawRequest.EndStream);
        }

        Assert.Equal(2, server.Server.InFlight.Streams);
        await WatchAsync(connection, stream: 5);
        Assert.NotEqual(0, (await connection.ReadFrameOfStreamAsync(5)).Flags & RawRequest.EndStream); // Trailers-Only
        Assert.Equal(8, (await server.CallAsync("/grpc.health.v1.Health/Watch", [], token: null)).Status);

        await connection.SendFrameAsync(RawRequest.Reset, 0, stream: 1, [0, 0, 0, 8]);
        await Until(() => server.Server.InFlight.Streams == 1);
        await WatchAsync(connection, stream: 7);
        Assert.Equal(0, (await connection.ReadFrameOfStreamAsync(7)).Flags & RawRequest.EndStream);
    }

    private static async Task WatchAsync(RawConnection connection, int stream)
    {
        await connection.SendFrameAsync(RawRequest.Headers, RawRequest.EndHeaders, stream, RawRequest.Post(RawRequest.HealthWatch));
        await connection.SendFrameAsync(RawRequest.Data, RawRequest.EndStream, stream, RawRequest.Message());
    }

    private static async Task Until(Func<bool> holds)
    {
        while (!holds())
            await Task.Delay(10, TestContext.Current.CancellationToken);
    }

    private sealed class Life : IHttpRequestLifetimeFeature
    {
        public bool IsAborted { get; private set; }

        public CancellationToken RequestAborted { get; set; }

        public void Abort() => IsAborted = true;
    }
}
