using System.Net;
using System.Text;

namespace Metering.Server.Tests;

/// <summary>How many HTTP/2 connections one address may have, and what the next one is told.</summary>
public class Http2GateTests
{
    private const byte Settings = 4;
    private const byte Ping = 6;
    private const byte GoAway = 7;

    [Fact]
    public async Task One_HTTP_2_connection_too_many_is_told_so_and_there_is_room_again_when_another_ends()
    {
        await using RunningServer server = await RunningServer.StartAsync(options => options.Http2ConnectionsPerAddress = 1);
        IPEndPoint grpc = server.Server.Facts.Listening.Grpc!;
        RawConnection first = await AdmittedAsync(grpc);

        await using (RawConnection second = await RawConnection.OpenHttp2Async(grpc))
        {
            Assert.Equal(Settings, (await second.ReadFrameAsync()).Type); // RFC 9113, 3.4: before anything else
            (byte type, _, int stream, byte[] payload) = await second.ReadFrameAsync();
            Assert.Equal((GoAway, 0), (type, stream));
            Assert.Equal([0, 0, 0, 0, 0, 0, 0, 0xb], payload[..8]); // no stream was read; ENHANCE_YOUR_CALM
            Assert.Contains("This address has 1 HTTP/2 connections open", Encoding.ASCII.GetString(payload[8..]));
            Assert.Contains("http2-connections-per-address", Encoding.ASCII.GetString(payload[8..]));
            await second.ReadToEndAsync();
        }

        await first.DisposeAsync();
        await using RawConnection next = await AdmittedAsync(grpc);
    }

    [Fact]
    public async Task Connections_of_HTTP_1_are_not_counted_among_them()
    {
        await using RunningServer server = await RunningServer.StartAsync(options => options.Http2ConnectionsPerAddress = 1);
        await using RawConnection only = await AdmittedAsync(server.Server.Facts.Listening.Grpc!);
        await using RawConnection rest = await RawConnection.OpenAsync(server.Server.Facts.Listening.Http!);
        await rest.SendAsync("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Equal("HTTP/1.1 200 OK", await rest.ReadLineAsync());
    }

    [Fact]
    public async Task Over_TLS_only_connections_that_chose_HTTP_2_are_counted()
    {
        await using RunningServer server = await RunningServer.StartAsync(options =>
        {
            options.Http2ConnectionsPerAddress = 1;
            options.ListenHttps = new IPEndPoint(IPAddress.Loopback, 0);
        });
        await using RawConnection only = await AdmittedAsync(server.Server.Facts.Listening.Grpc!);
        using var handler = new SocketsHttpHandler
        {
            SslOptions = { RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null }, // time is not the machine's
        };
        using var client = new HttpClient(handler) { BaseAddress = new Uri($"https://{server.Server.Facts.Listening.Https}") };

        using var old = new HttpRequestMessage(HttpMethod.Get, "healthz") { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        using (HttpResponseMessage answer = await client.SendAsync(old, TestContext.Current.CancellationToken))
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);

        using var late = new HttpRequestMessage(HttpMethod.Get, "healthz") { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        await Assert.ThrowsAsync<HttpRequestException>(() => client.SendAsync(late, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_refused_connection_that_says_nothing_is_closed_in_time()
    {
        await using RunningServer server = await RunningServer.StartAsync(options => options.Http2ConnectionsPerAddress = 1);
        IPEndPoint grpc = server.Server.Facts.Listening.Grpc!;
        await using RawConnection only = await AdmittedAsync(grpc);
        await using RawConnection silent = await RawConnection.OpenAsync(grpc);
        Assert.NotEmpty(await silent.ReadToEndAsync()); // or the test would wait for ever
    }

    // Whoever left may not be counted out yet: tries until it is let in.
    private static async Task<RawConnection> AdmittedAsync(IPEndPoint endPoint)
    {
        while (true)
        {
            RawConnection connection = await RawConnection.OpenHttp2Async(endPoint);
            try
            {
                await connection.SendFrameAsync(Ping, 0, 0, new byte[8]);
                while (true)
                {
                    byte type = (await connection.ReadFrameAsync()).Type;
                    if (type == Ping)
                        return connection;
                    if (type == GoAway)
                        break;
                }
            }
            catch (IOException)
            {
                // Closed while it was sent.
            }

            await connection.DisposeAsync();
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }
}
