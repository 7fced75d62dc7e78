using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Metering.Grpc.Tests;

/// <summary>
/// HTTP/2 frame by frame, for what HttpClient cannot send or does not show. Cleartext, prior knowledge. It allows the server
/// no table of headers, so that each header block can be read by itself.
/// </summary>
internal sealed class RawHttp2 : IDisposable
{
    private const int HeaderBytes = 9;

    private static readonly byte[] NoHeaderTable = [0, 1, 0, 0, 0, 0];

    private readonly TcpClient _tcp = new() { NoDelay = true };
    private readonly Queue<RawFrame> _early = new();
    private NetworkStream _stream = null!;
    private int _nextStream = 1;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<RawHttp2> ConnectAsync(Uri address)
    {
        var client = new RawHttp2();
        await client._tcp.ConnectAsync(IPAddress.Loopback, address.Port, Token);
        client._stream = client._tcp.GetStream();
        await client._stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), Token);
        await client.SendAsync(RawFrame.Settings, 0, 0, NoHeaderTable);
        return client;
    }

    /// <summary>Opens a stream with the headers of a gRPC call; answers its number.</summary>
    public Task<int> OpenAsync(string path, params (string Name, string Value)[] headers) =>
        OpenAsync([(":method", "POST"), (":path", path), ("content-type", "application/grpc"), .. headers]);

    /// <summary>Opens a stream with these headers, and with the scheme and authority that every request has.</summary>
    public async Task<int> OpenAsync((string Name, string Value)[] headers, bool endStream = false)
    {
        int stream = _nextStream;
        _nextStream += 2;
        byte[] block = RawHeaders.Encode([.. Pseudo(headers), (":scheme", "http"), (":authority", "localhost"), .. Plain(headers)]);
        await SendAsync(RawFrame.Headers, (byte)(RawFrame.EndHeaders | (endStream ? RawFrame.EndStream : 0)), stream, block);
        return stream;
    }

    public Task SendDataAsync(int stream, ReadOnlyMemory<byte> data, bool endStream = false) =>
        SendAsync(RawFrame.Data, endStream ? RawFrame.EndStream : (byte)0, stream, data);

    public Task ResetAsync(int stream) => SendAsync(RawFrame.Reset, 0, stream, new byte[] { 0, 0, 0, 8 });

    /// <summary>Lets the server send more, on the stream and on the connection.</summary>
    public async Task GiveWindowAsync(int stream, int bytes)
    {
        await WidenAsync(stream, bytes);
        await WidenAsync(0, bytes);
    }

    /// <summary>Lets the server send more: on one stream, or on the connection (stream 0).</summary>
    public Task WidenAsync(int stream, int bytes)
    {
        var payload = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(payload, bytes);
        return SendAsync(RawFrame.WindowUpdate, 0, stream, payload);
    }

    /// <summary>Sends a PING of 8 bytes.</summary>
    public Task SendPingAsync(byte[] opaque) => SendAsync(RawFrame.Ping, 0, 0, opaque);

    /// <summary>Sends a PING and waits for its answer: all that was sent before it has then been read by the server.</summary>
    public async Task PingAsync(byte[] opaque)
    {
        await SendPingAsync(opaque);
        RawFrame answer = await ReadAsync(frame => frame.Type == RawFrame.Ping);
        Assert.Equal(RawFrame.Ack, answer.Flags);
        Assert.Equal(opaque, answer.Payload);
    }

    /// <summary>The next frame of a stream; frames of the connection are answered or passed over.</summary>
    public Task<RawFrame> ReadAsync(int stream) =>
        ReadAsync(frame => frame.Stream == stream && frame.Type != RawFrame.WindowUpdate);

    /// <summary>The next GOAWAY.</summary>
    public Task<RawFrame> ReadGoAwayAsync() => ReadAsync(frame => frame.Type == RawFrame.GoAway);

    /// <summary>All frames of a stream up to its end.</summary>
    public async Task<IReadOnlyList<RawFrame>> ReadToEndAsync(int stream)
    {
        List<RawFrame> frames = [];
        do
            frames.Add(await ReadAsync(stream));
        while (!frames[^1].EndsStream && frames[^1].Type != RawFrame.Reset);
        return frames;
    }

    /// <summary>Waits until the server has closed the connection.</summary>
    public async Task ReadToCloseAsync()
    {
        var rest = new byte[1024];
        while (await _stream.ReadAsync(rest, Token) > 0)
        {
        }
    }

    public void Dispose() => _tcp.Dispose();

    private static IEnumerable<(string Name, string Value)> Pseudo((string Name, string Value)[] headers) =>
        headers.Where(header => header.Name.StartsWith(':'));

    private static IEnumerable<(string Name, string Value)> Plain((string Name, string Value)[] headers) =>
        headers.Where(header => !header.Name.StartsWith(':'));

    // The next frame that is wanted. Others of streams are kept, so that calls can be read in any order.
    private async Task<RawFrame> ReadAsync(Predicate<RawFrame> isWanted)
    {
        for (int kept = _early.Count; kept > 0; kept--)
        {
            RawFrame frame = _early.Dequeue();
            if (isWanted(frame))
            {
                for (int rest = kept - 1; rest > 0; rest--)
                    _early.Enqueue(_early.Dequeue());
                return frame;
            }

            _early.Enqueue(frame);
        }

        while (true)
        {
            RawFrame frame = await ReadAsync();
            if (frame.Type == RawFrame.Settings && (frame.Flags & RawFrame.Ack) == 0)
                await SendAsync(RawFrame.Settings, RawFrame.Ack, 0, default);
            if (isWanted(frame))
                return frame;
            if (frame.Type is not (RawFrame.WindowUpdate or RawFrame.Settings))
                _early.Enqueue(frame);
        }
    }

    private async Task<RawFrame> ReadAsync()
    {
        var header = new byte[HeaderBytes];
        await _stream.ReadExactlyAsync(header, Token);
        var payload = new byte[(header[0] << 16) | (header[1] << 8) | header[2]];
        await _stream.ReadExactlyAsync(payload, Token);
        return new RawFrame(header[3], header[4], BinaryPrimitives.ReadInt32BigEndian(header.AsSpan(5)), payload);
    }

    private async Task SendAsync(byte type, byte flags, int stream, ReadOnlyMemory<byte> payload)
    {
        var frame = new byte[HeaderBytes + payload.Length];
        frame[0] = (byte)(payload.Length >> 16);
        frame[1] = (byte)(payload.Length >> 8);
        frame[2] = (byte)payload.Length;
        frame[3] = type;
        frame[4] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame.AsMemory(HeaderBytes));
        await _stream.WriteAsync(frame, Token);
    }
}
