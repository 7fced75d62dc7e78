using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Metering.Server.Tests;

/// <summary>A connection that a test fills byte by byte. Waits end with the test, not with a time.</summary>
internal sealed class RawConnection : IAsyncDisposable
{
    private readonly TcpClient _client = new() { NoDelay = true };
    private NetworkStream _stream = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<RawConnection> OpenAsync(IPEndPoint endPoint)
    {
        var connection = new RawConnection();
        await connection._client.ConnectAsync(endPoint, Token);
        connection._stream = connection._client.GetStream();
        return connection;
    }

    /// <summary>Connects and speaks first, as every HTTP/2 client does.</summary>
    public static async Task<RawConnection> OpenHttp2Async(IPEndPoint endPoint)
    {
        RawConnection connection = await OpenAsync(endPoint);
        await connection.SendAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        await connection.SendFrameAsync(type: 4, flags: 0, stream: 0, []);
        return connection;
    }

    public async Task SendAsync(string text) => await _stream.WriteAsync(Encoding.Latin1.GetBytes(text), Token);

    public async Task SendFrameAsync(byte type, byte flags, int stream, byte[] payload)
    {
        byte[] frame = [(byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, type, flags, 0, 0, 0, 0, .. payload];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        await _stream.WriteAsync(frame, Token);
    }

    public async Task<(byte Type, byte Flags, int Stream, byte[] Payload)> ReadFrameAsync()
    {
        var header = new byte[9];
        await _stream.ReadExactlyAsync(header, Token);
        var payload = new byte[(header[0] << 16) | (header[1] << 8) | header[2]];
        await _stream.ReadExactlyAsync(payload, Token);
        return (header[3], header[4], BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5)), payload);
    }

    /// <summary>Reads frames until one is of this type.</summary>
    public async Task<(byte Type, byte Flags, int Stream, byte[] Payload)> ReadFrameAsync(byte type)
    {
        while (true)
        {
            (byte Type, byte Flags, int Stream, byte[] Payload) frame = await ReadFrameAsync();
            if (frame.Type == type)
                return frame;
        }
    }

    /// <summary>Reads frames until one is of this stream.</summary>
    public async Task<(byte Type, byte Flags, int Stream, byte[] Payload)> ReadFrameOfStreamAsync(int stream)
    {
        while (true)
        {
            (byte Type, byte Flags, int Stream, byte[] Payload) frame = await ReadFrameAsync();
            if (frame.Stream == stream)
                return frame;
        }
    }

    /// <summary>Everything until the server closes, which it may do by a reset.</summary>
    public async Task<string> ReadToEndAsync()
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            while (await _stream.ReadAsync(buffer, Token) is > 0 and var count)
                text.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }
        catch (IOException)
        {
            // Reset: closed as well.
        }

        return text.ToString();
    }

    /// <summary>The first line of an HTTP/1.1 answer; empty when the connection was closed instead.</summary>
    public async Task<string> ReadLineAsync()
    {
        var line = new StringBuilder();
        var one = new byte[1];
        try
        {
            while (await _stream.ReadAsync(one, Token) == 1 && one[0] != '\n')
                line.Append((char)one[0]);
        }
        catch (IOException)
        {
            // Reset: closed as well.
        }

        return line.ToString().TrimEnd();
    }

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        return default;
    }
}
