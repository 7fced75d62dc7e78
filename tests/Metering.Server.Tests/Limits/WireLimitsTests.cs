using System.Buffers.Binary;
using System.Text;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Bounds = Metering.Ledger.Limits;

namespace Metering.Server.Tests;

/// <summary>What one connection may take, tried on real sockets.</summary>
public class WireLimitsTests
{
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
        Assert.Equal("HTTP/1.1 200 OK", await AskAsync(server, "/healthz", HeaderBytes(Bounds.RequestHeadersBytes)));
        Assert.StartsWith("HTTP/1.1 431 ", await AskAsync(server, "/healthz", HeaderBytes(Bounds.RequestHeadersBytes + 1)));
    }

    [Fact]
    public async Task A_request_line_that_is_too_long_is_414()
    {
        const int OtherBytes = 15; // the method, the version, two spaces and the end of line
        await using RunningServer server = await RunningServer.StartAsync();
        Assert.Equal("HTTP/1.1 200 OK", await AskAsync(server, "/healthz?".PadRight(Bounds.RequestLineBytes - OtherBytes, 'q'), ""));
        Assert.StartsWith("HTTP/1.1 414 ", await AskAsync(server, "/healthz?".PadRight(Bounds.RequestLineBytes - OtherBytes + 1, 'q'), ""));
    }

    [Fact]
    public async Task A_header_field_that_is_too_large_ends_the_http_2_connection()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await using RawConnection connection = await RawConnection.OpenHttp2Async(server.Server.Facts.Listening.Grpc!);
        byte[] Ask(int characters) => RawRequest.Post(RawRequest.HealthWatch, "application/grpc", ("x-long", new string('v', characters)));
        await connection.SendFrameAsync(RawRequest.Headers, RawRequest.EndHeaders | RawRequest.EndStream, 1, Ask(Bounds.RequestHeaderFieldBytes));
        Assert.Equal(RawRequest.Headers, (await connection.ReadFrameOfStreamAsync(1)).Type);
        await connection.SendFrameAsync(RawRequest.Headers, RawRequest.EndHeaders | RawRequest.EndStream, 3, Ask(Bounds.RequestHeaderFieldBytes + 1));
        byte[] payload = (await connection.ReadFrameAsync(RawRequest.GoAway)).Payload;
        Assert.NotEqual(0, BinaryPrimitives.ReadInt32BigEndian(payload.AsSpan(4)));
    }

    [Fact]
    public async Task The_server_announces_its_streams_windows_and_headers()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await using RawConnection connection = await RawConnection.OpenHttp2Async(server.Server.Facts.Listening.Grpc!);
        byte[] payload = (await connection.ReadFrameAsync(RawRequest.Settings)).Payload;
        var settings = new Dictionary<int, uint>();
        for (int at = 0; at < payload.Length; at += 6)
            settings.Add(BinaryPrimitives.ReadUInt16BigEndian(payload.AsSpan(at)), BinaryPrimitives.ReadUInt32BigEndian(payload.AsSpan(at + 2)));
        Assert.Equal((uint)Bounds.StreamsPerConnection, settings[3]);
        Assert.Equal((uint)Bounds.StreamWindowBytes, settings[4]);
        Assert.Equal((uint)Bounds.RequestHeadersBytes, settings[6]);
        Assert.Equal((uint)Bounds.HeaderTableBytes, settings.GetValueOrDefault(1, 4096u)); // the protocol's default is not announced
        Assert.Equal((uint)Bounds.FrameBytes, settings.GetValueOrDefault(5, 16384u));

        byte[] grown = (await connection.ReadFrameAsync(RawRequest.WindowUpdate)).Payload;
        Assert.Equal(Bounds.ConnectionWindowBytes, 65_535 + BinaryPrimitives.ReadInt32BigEndian(grown));
    }

    [Fact]
    public async Task One_stream_too_many_is_refused_and_the_others_stay()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await using RawConnection connection = await RawConnection.OpenHttp2Async(server.Server.Facts.Listening.Grpc!);
        byte[] headers = RawRequest.Post(RawRequest.ProductWrite);
        int stream = 1;
        for (int count = 0; count <= Bounds.StreamsPerConnection; count++, stream += 2)
            await connection.SendFrameAsync(RawRequest.Headers, RawRequest.EndHeaders, stream, headers); // each waits for its message
        (_, _, int refused, byte[] code) = await connection.ReadFrameAsync(RawRequest.Reset);
        Assert.Equal((Bounds.StreamsPerConnection * 2) + 1, refused);
        Assert.Equal(7, BinaryPrimitives.ReadInt32BigEndian(code)); // REFUSED_STREAM
    }

    [Fact]
    public async Task A_frame_that_is_too_large_ends_the_connection()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        await using RawConnection connection = await RawConnection.OpenHttp2Async(server.Server.Facts.Listening.Grpc!);
        await connection.SendFrameAsync(RawRequest.Headers, RawRequest.EndHeaders, 1, RawRequest.Post(RawRequest.ProductWrite));
        await connection.SendFrameAsync(RawRequest.Data, 0, 1, [.. RawRequest.Prefix(60_000), .. new byte[Bounds.FrameBytes - 5]]);
        await connection.SendFrameAsync(RawRequest.Ping, 0, 0, new byte[8]);
        Assert.Equal(1, (await connection.ReadFrameAsync(RawRequest.Ping)).Flags); // a frame at the limit is taken
        await connection.SendFrameAsync(RawRequest.Data, 0, 1, new byte[Bounds.FrameBytes + 1]);
        byte[] payload = (await connection.ReadFrameAsync(RawRequest.GoAway)).Payload;
        Assert.Equal(6, BinaryPrimitives.ReadInt32BigEndian(payload.AsSpan(4))); // FRAME_SIZE_ERROR
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

    // Fields of exactly so many bytes with their names and ends of line, the host's included.
    private static string HeaderBytes(int bytes)
    {
        string half = $"x-0: {new string('v', 8000)}\r\n";
        int rest = bytes - "Host: localhost\r\n".Length - half.Length - "x-1: \r\n".Length;
        return $"{half}x-1: {new string('v', rest)}\r\n";
    }

    private static async Task<string> AskAsync(RunningServer server, string target, string headers)
    {
        await using RawConnection connection = await RawConnection.OpenAsync(server.Server.Facts.Listening.Http!);
        await connection.SendAsync($"GET {target} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        return await connection.ReadLineAsync();
    }
}
