using System.Net;

namespace Metering.Server.Tests;

/// <summary>Clients that send, read or say nothing: each is let go in its time, and what it held is free again.</summary>
public class SlowClientTests
{
    private static readonly TimeSpan Short = TimeSpan.FromSeconds(1.1); // a tick of the server's timer is a second
    private static readonly TimeSpan Long = TimeSpan.FromHours(1);

    [Fact]
    public async Task Headers_that_never_end_are_408_and_the_connection_is_closed()
    {
        await using RunningServer server = await StartAsync(new WireBounds { RequestHeadersTime = Short });
        await using RawConnection connection = await RawConnection.OpenAsync(server.Server.Facts.Listening.Http!);
        await connection.SendAsync("GET /healthz HTTP/1.1\r\nHost: localhost\r\nx-slow: ");
        Assert.StartsWith("HTTP/1.1 408 ", await connection.ReadToEndAsync());
    }

    [Fact]
    public async Task A_body_that_is_sent_too_slowly_is_408_says_the_rate_and_the_connection_is_closed()
    {
        await using RunningServer server = await StartAsync(new WireBounds { DataRateGrace = Short });
        await using RawConnection connection = await RawConnection.OpenAsync(server.Server.Facts.Listening.Http!);
        await connection.SendAsync("POST /iam/v1/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000\r\n\r\n{");
        string answer = await connection.ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 408 ", answer);
        Assert.Contains("\"code\":4,\"message\":\"the request body arrived at less than 240 bytes per second for 1.1 seconds\"", answer);
        await Until(() => server.Server.InFlight.Requests == 0);
    }

    [Fact]
    public async Task A_grpc_message_that_is_sent_too_slowly_ends_its_connection_and_no_other()
    {
        await using RunningServer server = await StartAsync(new WireBounds { DataRateGrace = Short });
        await using RawConnection slow = await OpenGrpcAsync(server);
        await using RawConnection other = await OpenGrpcAsync(server);
        await WatchAsync(other, 1);
        await slow.SendFrameAsync(RawRequest.Headers, RawRequest.EndHeaders, 1, RawRequest.Post(RawRequest.TokenCreate));
        await slow.SendFrameAsync(RawRequest.Data, 0, 1, [.. RawRequest.Prefix(50_000), .. new byte[100]]);
        await slow.ReadToEndAsync();
        await Until(() => server.Server.InFlight.Requests == 1);
        await WatchAsync(other, 3);
    }

    [Fact]
    public async Task A_client_that_gives_no_window_for_its_answer_loses_its_connection_and_the_answer_is_dropped()
    {
        await using RunningServer server = await StartAsync(new WireBounds { DataRateGrace = Short });
        await using RawConnection slow = await OpenGrpcAsync(server);
        await using RawConnection other = await OpenGrpcAsync(server);
        await WatchAsync(other, 1);
        await slow.SendFrameAsync(RawRequest.Settings, 0, 0, [0, 4, 0, 0, 0, 0]);
        byte[] request = RawRequest.Post("/nowhere", "application/json");
        await slow.SendFrameAsync(RawRequest.Headers, RawRequest.EndHeaders | RawRequest.EndStream, 1, request);
        Assert.Equal(RawRequest.Headers, (await slow.ReadFrameOfStreamAsync(1)).Type); // served; the body waits
        await slow.ReadToEndAsync();
        await Until(() => server.Server.InFlight.Requests == 1);
        await WatchAsync(other, 3);
    }

    [Fact]
    public async Task A_watcher_that_gives_no_window_loses_its_connection()
    {
        await using RunningServer server = await StartAsync(new WireBounds { DataRateGrace = Short });
        await using RawConnection slow = await OpenGrpcAsync(server);
        await slow.SendFrameAsync(RawRequest.Settings, 0, 0, [0, 4, 0, 0, 0, 0]);
        await slow.SendFrameAsync(RawRequest.Headers, RawRequest.EndHeaders, 1, RawRequest.Post(RawRequest.HealthWatch));
        await slow.SendFrameAsync(RawRequest.Data, RawRequest.EndStream, 1, RawRequest.Message());
        await Until(() => server.Server.InFlight.Streams == 1);
        await slow.ReadToEndAsync();
        await Until(() => (server.Server.InFlight.Requests, server.Server.InFlight.Streams) == (0, 0));
    }

    [Fact]
    public async Task A_connection_without_a_request_is_closed()
    {
        await using RunningServer server = await StartAsync(new WireBounds { IdleTime = Short });
        await using RawConnection rest = await RawConnection.OpenAsync(server.Server.Facts.Listening.Http!);
        Assert.Equal("", await rest.ReadToEndAsync());
        await using RawConnection grpc = await OpenGrpcAsync(server);
        byte[] goAway = (await grpc.ReadFrameAsync(RawRequest.GoAway)).Payload;
        Assert.Equal(0, goAway[7]); // NO_ERROR
        await grpc.ReadToEndAsync();
    }

    [Fact]
    public async Task A_silent_client_is_asked_whether_it_is_there_and_closed_when_it_does_not_answer()
    {
        var bounds = new WireBounds { PingInterval = Short, PingTime = TimeSpan.FromSeconds(3), IdleTime = Long };
        await using RunningServer server = await StartAsync(bounds);
        await using RawConnection connection = await OpenGrpcAsync(server);
        for (int ping = 0; ping < 2; ping++)
        {
            byte[] opaque = (await connection.ReadFrameAsync(RawRequest.Ping)).Payload;
            await connection.SendFrameAsync(RawRequest.Ping, 1, 0, opaque); // answered in time: asked again
        }

        await connection.ReadFrameAsync(RawRequest.Ping);
        await connection.ReadFrameAsync(RawRequest.GoAway);
        await connection.ReadToEndAsync();
    }

    [Fact]
    public async Task A_tls_handshake_that_never_ends_is_cut_off()
    {
        await using RunningServer server = await RunningServer.StartAsync(options =>
        {
            options.Wire = new WireBounds { HandshakeTime = Short, IdleTime = Long };
            options.ListenHttps = new IPEndPoint(IPAddress.Loopback, 0);
        });
        await using RawConnection connection = await RawConnection.OpenAsync(server.Server.Facts.Listening.Https!);
        await connection.SendAsync("\x16\x03\x01"); // the first bytes of a ClientHello
        Assert.Equal("", await connection.ReadToEndAsync());
    }

    private static Task<RunningServer> StartAsync(WireBounds bounds) => RunningServer.StartAsync(options => options.Wire = bounds);

    private static Task<RawConnection> OpenGrpcAsync(RunningServer server) =>
        RawConnection.OpenHttp2Async(server.Server.Facts.Listening.Grpc!);

    // A watch stays open; that it is answered shows that the connection is served.
    private static async Task WatchAsync(RawConnection connection, int stream)
    {
        await connection.SendFrameAsync(RawRequest.Headers, RawRequest.EndHeaders, stream, RawRequest.Post(RawRequest.HealthWatch));
        await connection.SendFrameAsync(RawRequest.Data, RawRequest.EndStream, stream, RawRequest.Message());
        Assert.Equal(RawRequest.Headers, (await connection.ReadFrameOfStreamAsync(stream)).Type);
    }

    private static async Task Until(Func<bool> holds)
    {
        while (!holds())
            await Task.Delay(10, TestContext.Current.CancellationToken);
    }
}
