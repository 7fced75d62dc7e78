using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Metering.Grpc.Tests;

/// <summary>One HTTP/2 frame.</summary>
internal sealed record RawFrame(byte Type, byte Flags, int Stream, byte[] Payload)
{
    public const byte Data = 0, Headers = 1, Reset = 3, Settings = 4, Ping = 6, GoAway = 7, WindowUpdate = 8;
    public const byte EndStream = 1, Ack = 1, EndHeaders = 4;

    public bool EndsStream => Type is Data or Headers && (Flags & EndStream) != 0;

    /// <summary>Whether a header block on a fresh connection spells this header out (the server does not use Huffman codes).</summary>
    public bool Spells(string name, string value)
    {
        byte[] spelled = [(byte)name.Length, .. Encoding.ASCII.GetBytes(name), (byte)value.Length, .. Encoding.ASCII.GetBytes(value)];
        return Type == Headers && Payload.AsSpan().IndexOf(spelled) >= 0;
    }
}

/// <summary>HTTP/2 frame by frame, for what HttpClient cannot send or does not show. Cleartext, prior knowledge.</summary>
internal sealed class RawHttp2 : IDisposable
{
    private const int HeaderBytes = 9;

    private readonly TcpClient _tcp = new() { NoDelay = true };
    private NetworkStream _stream = null!;
    private int _nextStream = 1;

    public static async Task<RawHttp2> ConnectAsync(Uri address)
    {
        var client = new RawHttp2();
        await client._tcp.ConnectAsync(IPAddress.Loopback, address.Port, TestContext.Current.CancellationToken);
        client._stream = client._tcp.GetStream();
        await client._stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        await client.SendAsync(RawFrame.Settings, 0, 0, default);
        return client;
    }

    /// <summary>Opens a stream with the headers of a gRPC call; answers its number.</summary>
    public async Task<int> OpenAsync(string path, params (string Name, string Value)[] headers)
    {
        int stream = _nextStream;
        _nextStream += 2;
        using var block = new MemoryStream();
        (string Name, string Value)[] all =
        [
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"),
            ("content-type", "application/grpc"), .. headers,
        ];
        foreach ((string name, string value) in all)
        {
            block.WriteByte(0);
            block.WriteByte((byte)name.Length);
            block.Write(Encoding.ASCII.GetBytes(name));
            block.WriteByte((byte)value.Length);
            block.Write(Encoding.ASCII.GetBytes(value));
        }

        await SendAsync(RawFrame.Headers, RawFrame.EndHeaders, stream, block.ToArray());
        return stream;
    }

    public Task SendDataAsync(int stream, ReadOnlyMemory<byte> data, bool endStream = false) =>
        SendAsync(RawFrame.Data, endStream ? RawFrame.EndStream : (byte)0, stream, data);

    public Task ResetAsync(int stream) => SendAsync(RawFrame.Reset, 0, stream, new byte[] { 0, 0, 0, 8 });

    /// <summary>Lets the server send more, on the stream and on the connection.</summary>
    public async Task GiveWindowAsync(int stream, int bytes)
    {
        var payload = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(payload, bytes);
        await SendAsync(RawFrame.WindowUpdate, 0, stream, payload);
        await SendAsync(RawFrame.WindowUpdate, 0, 0, payload);
    }

    /// <summary>The next frame of a stream; frames of the connection are answered or passed over.</summary>
    public async Task<RawFrame> ReadAsync(int stream)
    {
        while (true)
        {
            RawFrame frame = await ReadAsync();
            if (frame.Type == RawFrame.Settings && (frame.Flags & RawFrame.Ack) == 0)
                await SendAsync(RawFrame.Settings, RawFrame.Ack, 0, default);
            if (frame.Stream == stream && frame.Type != RawFrame.WindowUpdate)
                return frame;
        }
    }

    /// <summary>All frames of a stream up to its end.</summary>
    public async Task<IReadOnlyList<RawFrame>> ReadToEndAsync(int stream)
    {
        List<RawFrame> frames = [];
        do
            frames.Add(await ReadAsync(stream));
        while (!frames[^1].EndsStream && frames[^1].Type != RawFrame.Reset);
        return frames;
    }

    public void Dispose() => _tcp.Dispose();

    private async Task<RawFrame> ReadAsync()
    {
        var header = new byte[HeaderBytes];
        await _stream.ReadExactlyAsync(header, TestContext.Current.CancellationToken);
        var payload = new byte[(header[0] << 16) | (header[1] << 8) | header[2]];
        await _stream.ReadExactlyAsync(payload, TestContext.Current.CancellationToken);
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
        await _stream.WriteAsync(frame, TestContext.Current.CancellationToken);
    }
}
