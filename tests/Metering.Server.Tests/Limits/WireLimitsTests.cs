using System.Buffers.Binary;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Bounds = Metering.Ledger.Limits;

namespace Metering.Server.Tests;

/// <summary>What one connection may take, tried on real sockets.</summary>
public class WireLimitsTests
{
    private const byte Headers = 1;
    private const byte Reset = 3;
    private const byte Settings = 4;
    private const byte GoAway = 7;
    private const byte WindowUpdate = 8;
    private const byte EndHeaders = 4;

    [Fact]
    public async Task One_header_too_many_is_431()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        Assert.Equal("HTTP/1.1 200 OK", await AskAsync(server, "/healthz", HeaderLines(Bounds.RequestHeaders - 1, characters: 5)));
        Assert.StartsWith("HTTP/1.1 431 ", await AskAsync(server, "/healthz", HeaderLines(Bounds.RequestHeaders, characters: 5)));
    }

    [Fact]
    public async Task Headers_that_are_too_large_together_are_431()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        Assert.Equal("HTTP/1.1 200 OK", await AskAsync(server, "/healthz", HeaderLines(15, characters: 1000)));
        Assert.StartsWith("HTTP/1.1 431 ", await AskAsync(server, "/healthz", HeaderLines(17, characters: 1000)));
    }

    [Fact]
    public async Task A_request_line_that_is_too_long_is_414()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        Assert.Equal("HTTP/1.1 200 OK", await AskAsync(server, "/healthz?" + new string('q', Bounds.RequestLineBytes - 100), ""));
        Assert.StartsWith("HTTP/1.1 414 ", await AskAsync(server, "/healthz?" + new string('q', Bounds.RequestLineBytes), ""));
    }

    [Fact]
    public async Task The_server_announces_its_streams_windows_and_headers()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await using RawConnection connection = await RawConnection.OpenHttp2Async(server.Server.Facts.Listening.Grpc!);
        byte[] payload = (await connection.ReadFrameAsync(Settings)).Payload;
        var settings = new Dictionary<int, uint>();
        for (int at = 0; at < payload.Length; at += 6)
            settings.Add(BinaryPrimitives.ReadUInt16BigEndian(payload.AsSpan(at)), BinaryPrimitives.ReadUInt32BigEndian(payload.AsSpan(at + 2)));
        Assert.Equal((uint)Bounds.StreamsPerConnection, settings[3]);
        Assert.Equal((uint)Bounds.StreamWindowBytes, settings[4]);
        Assert.Equal((uint)Bounds.RequestHeadersBytes, settings[6]);
        Assert.Equal((uint)Bounds.HeaderTableBytes, settings.GetValueOrDefault(1, 4096u)); // the protocol's default is not announced
        Assert.Equal((uint)Bounds.FrameBytes, settings.GetValueOrDefault(5, 16384u));

        byte[] grown = (await connection.ReadFrameAsync(WindowUpdate)).Payload;
        Assert.Equal(Bounds.ConnectionWindowBytes, 65_535 + BinaryPrimitives.ReadInt32BigEndian(grown));
    }

    [Fact]
    public async Task One_stream_too_many_is_refused_and_the_others_stay()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await using RawConnection connection = await RawConnection.OpenHttp2Async(server.Server.Facts.Listening.Grpc!);
        byte[] headers = WriteHeaders();
        int stream = 1;
        for (int count = 0; count <= Bounds.StreamsPerConnection; count++, stream += 2)
            await connection.SendFrameAsync(Headers, EndHeaders, stream, headers); // each waits for its message
        (_, _, int refused, byte[] code) = await connection.ReadFrameAsync(Reset);
        Assert.Equal((Bounds.StreamsPerConnection * 2) + 1, refused);
        Assert.Equal(7, BinaryPrimitives.ReadInt32BigEndian(code)); // REFUSED_STREAM
    }

    [Fact]
    public async Task A_frame_that_is_too_large_ends_the_connection()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await using RawConnection connection = await RawConnection.OpenHttp2Async(server.Server.Facts.Listening.Grpc!);
        await connection.SendFrameAsync(Headers, EndHeaders, 1, WriteHeaders());
        await connection.SendFrameAsync(type: 0, flags: 0, stream: 1, new byte[Bounds.FrameBytes + 1]);
        byte[] payload = (await connection.ReadFrameAsync(GoAway)).Payload;
        Assert.Equal(6, BinaryPrimitives.ReadInt32BigEndian(payload.AsSpan(4))); // FRAME_SIZE_ERROR
    }

    [Fact]
    public async Task Headers_that_never_end_are_408_and_the_connection_is_closed()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await using RawConnection connection = await RawConnection.OpenAsync(server.Server.Facts.Listening.Http!);
        await connection.SendAsync("GET /healthz HTTP/1.1\r\nHost: localhost\r\nx-slow: ");
        Assert.StartsWith("HTTP/1.1 408 ", await connection.ReadToEndAsync());
    }

    [Fact]
    public async Task A_body_that_is_sent_too_slowly_is_503_and_the_connection_is_closed()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await using RawConnection connection = await RawConnection.OpenAsync(server.Server.Facts.Listening.Http!);
        await connection.SendAsync("POST /iam/v1/tokens HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000\r\n\r\n{");
        Assert.StartsWith("HTTP/1.1 503 ", await connection.ReadToEndAsync());
    }

    [Fact]
    public void Kestrel_is_told_the_times_rates_and_buffers()
    {
        var kestrel = new KestrelServerLimits();
        WireLimits.Apply(kestrel, new WireBounds());
        Assert.Equal(Bounds.IdleTime, kestrel.KeepAliveTimeout);
        Assert.Equal(Bounds.RequestHeadersTime, kestrel.RequestHeadersTimeout);
        Assert.Equal((Bounds.PingInterval, Bounds.PingTime), (kestrel.Http2.KeepAlivePingDelay, kestrel.Http2.KeepAlivePingTimeout));
        Assert.Equal((Bounds.RequestBytesPerSecond, Bounds.DataRateGrace), Rate(kestrel.MinRequestBodyDataRate));
        Assert.Equal((Bounds.ResponseBytesPerSecond, Bounds.DataRateGrace), Rate(kestrel.MinResponseDataRate));
        Assert.Equal((Bounds.RequestBufferBytes, Bounds.ResponseBufferBytes), (kestrel.MaxRequestBufferSize, kestrel.MaxResponseBufferSize));
        Assert.Equal(Bounds.RequestHeaderFieldBytes, kestrel.Http2.MaxRequestHeaderFieldSize);
    }

    private static (double, TimeSpan) Rate(MinDataRate? rate) => (rate!.BytesPerSecond, rate.GracePeriod);

    private static string HeaderLines(int count, int characters) =>
        string.Concat(Enumerable.Range(0, count).Select(index => $"x-{index}: {new string('v', characters)}\r\n"));

    private static async Task<string> AskAsync(RunningServer server, string target, string headers)
    {
        await using RawConnection connection = await RawConnection.OpenAsync(server.Server.Facts.Listening.Http!);
        await connection.SendAsync($"GET {target} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        return await connection.ReadLineAsync();
    }

    // A gRPC call of Write, as HPACK: two entries of the static table, then literals under names of that table.
    private static byte[] WriteHeaders() =>
    [
        0x83, 0x86, // :method POST, :scheme http
        .. Literal([0x04], "/yandex.cloud.marketplace.metering.v1.ProductUsageService/Write"),
        .. Literal([0x01], "localhost"),
        .. Literal([0x0F, 0x10], "application/grpc"),
    ];

    private static byte[] Literal(byte[] name, string value) => [.. name, (byte)value.Length, .. Encoding.ASCII.GetBytes(value)];
}
