using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Metering.Load.Tests;

/// <summary>Frames that Kestrel never sends but other servers may, from a server that is a script.</summary>
public sealed class Http2ConnectionTests : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly RecordedStreams _streams = new();

    public Http2ConnectionTests() => _listener.Start();

    public void Dispose() => _listener.Dispose();

    [Fact]
    public void Settings_of_the_server_are_followed_and_acknowledged()
    {
        using Http2Connection connection = Open(
            out Socket server, Frame(Http2Frame.Settings, 0, 0, [.. Setting(1, 0), .. Setting(3, 7), .. Setting(4, 1000), .. Setting(99, 5)]));
        connection.Flush();

        Assert.Equal((0, 7, 1000), (connection.HeaderTableBytes, connection.MaximumStreams, connection.StreamWindowBytes));
        byte[] sent = ReadExactly(server, Http2Frame.ClientPreface.Length + 9 + 12 + 9 + 4 + 9);
        Assert.Equal(Http2Frame.ClientPreface, sent.AsSpan(0, Http2Frame.ClientPreface.Length));
        Assert.Equal(Frame(Http2Frame.Settings, Http2Frame.Acknowledgement, 0, []), sent[^9..]);
        server.Dispose();
    }

    [Fact]
    public void Padded_prioritized_and_continued_frames_byte_by_byte_are_the_same_answer()
    {
        byte[] block = [0x88, 0x40, 3, (byte)'k', (byte)'e', (byte)'y', 5, (byte)'v', (byte)'a', (byte)'l', (byte)'u', (byte)'e'];
        byte[] answer =
        [
            .. Frame(Http2Frame.Headers, Http2Frame.Padded | Http2Frame.Priority, 1, [2, 0, 0, 0, 0, 9, .. block.AsSpan(0, 4), 0, 0]),
            .. Frame(Http2Frame.Continuation, 0, 1, block.AsSpan(4, 2)),
            .. Frame(Http2Frame.Continuation, Http2Frame.EndHeaders, 1, block.AsSpan(6)),
            .. Frame(Http2Frame.Data, Http2Frame.Padded, 1, [3, .. "abc"u8, 0, 0, 0]),
            .. Frame(0xEE, 0xFF, 1, "an extension"u8),
            .. Frame(Http2Frame.Data, 0, 1, "def"u8),
            .. Frame(Http2Frame.Headers, Http2Frame.EndHeaders | Http2Frame.EndStream, 1, [0xBE]),
        ];
        using Http2Connection connection = Open(out Socket server, Frame(Http2Frame.Settings, 0, 0, []));
        foreach (byte octet in answer)
        {
            server.Send([octet]);
            connection.Receive();
        }

        Assert.Equal([":status: 200", "key: value", "abc", "def", "key: value", "end"], _streams.Events);
        server.Dispose();
    }

    [Fact]
    public void A_ping_is_echoed_and_windows_resets_and_going_away_are_noted()
    {
        using Http2Connection connection = Open(out Socket server, Frame(Http2Frame.Settings, 0, 0, []));
        server.Send(
        [
            .. Frame(Http2Frame.Ping, 0, 0, "12345678"u8), .. Frame(Http2Frame.Ping, Http2Frame.Acknowledgement, 0, "notagain"u8),
            .. Frame(Http2Frame.WindowUpdate, 0, 0, [0, 0, 4, 0]), .. Frame(Http2Frame.WindowUpdate, 0, 5, [0, 0, 4, 0]),
            .. Frame(Http2Frame.ResetStream, 0, 5, [0, 0, 0, 7]), .. Frame(Http2Frame.GoAway, 0, 0, [0, 0, 0, 3, 0, 0, 0, 0]),
        ]);
        while (!connection.IsGoingAway)
            connection.Receive();
        connection.Flush();

        Assert.Equal(3, connection.LastAnsweredStreamId);
        Assert.Equal(65_535 + 1024, connection.SendWindowBytes);
        Assert.Equal(["reset 5 7"], _streams.Events);
        byte[] sent = ReadExactly(server, Http2Frame.ClientPreface.Length + 9 + 12 + 9 + 4 + 9 + 17);
        Assert.Equal(Frame(Http2Frame.Ping, Http2Frame.Acknowledgement, 0, "12345678"u8), sent[^17..]);
        server.Dispose();
    }

    [Fact]
    public void Broken_frames_are_refused_with_a_message()
    {
        byte[][] broken =
        [
            Frame(Http2Frame.ResetStream, 0, 1, [1, 2, 3]),
            Frame(Http2Frame.Data, Http2Frame.Padded, 1, [9, 1]),
            Frame(Http2Frame.Headers, Http2Frame.Priority | Http2Frame.EndHeaders, 1, [1, 2]),
            Frame(Http2Frame.Continuation, Http2Frame.EndHeaders, 1, [0x88]),
            [.. Frame(Http2Frame.Headers, 0, 1, [0x88]), .. Frame(Http2Frame.Data, 0, 1, [])],
            Frame(Http2Frame.PushPromise, 0, 1, [0, 0, 0, 2]),
            [0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 1],
        ];
        foreach (byte[] frame in broken)
        {
            using Http2Connection connection = Open(out Socket server, Frame(Http2Frame.Settings, 0, 0, []));
            server.Send(frame);
            server.Shutdown(SocketShutdown.Send);
            var fault = Assert.Throws<Http2Exception>(() => ReceiveForever(connection));
            Assert.DoesNotContain("closed", fault.Message, StringComparison.Ordinal);
            server.Dispose();
        }
    }

    [Fact]
    public void A_server_of_another_protocol_is_recognized()
    {
        var fault = Assert.Throws<Http2Exception>(() => Open(out _, Encoding.ASCII.GetBytes("HTTP/1.1 400 Bad Request\r\n\r\n")));
        Assert.Contains("HTTP/2", fault.Message, StringComparison.Ordinal);
    }

    private static void ReceiveForever(Http2Connection connection)
    {
        while (true)
            connection.Receive();
    }

    private Http2Connection Open(out Socket server, byte[] greeting)
    {
        Task<Socket> accepting = Task.Run(() =>
        {
            Socket accepted = _listener.AcceptSocket();
            accepted.NoDelay = true;
            accepted.Send(greeting);
            return accepted;
        });
        Http2Connection connection = Http2Connection.Open((IPEndPoint)_listener.LocalEndpoint, _streams);
        server = accepting.GetAwaiter().GetResult();
        return connection;
    }

    private static byte[] Frame(byte type, int flags, int streamId, ReadOnlySpan<byte> payload)
    {
        byte[] frame = new byte[Http2Frame.HeaderBytes + payload.Length];
        Http2Frame.WriteHeader(frame, payload.Length, type, (byte)flags, streamId);
        payload.CopyTo(frame.AsSpan(Http2Frame.HeaderBytes));
        return frame;
    }

    private static byte[] Setting(ushort name, int value)
    {
        byte[] setting = new byte[6];
        BinaryPrimitives.WriteUInt16BigEndian(setting, name);
        BinaryPrimitives.WriteInt32BigEndian(setting.AsSpan(2), value);
        return setting;
    }

    private static byte[] ReadExactly(Socket socket, int bytes)
    {
        byte[] read = new byte[bytes];
        for (int count = 0; count < bytes;)
        {
            int received = socket.Receive(read.AsSpan(count));
            Assert.NotEqual(0, received);
            count += received;
        }

        return read;
    }

    private sealed class RecordedStreams : IHttp2Streams
    {
        public List<string> Events { get; } = [];

        public void OnHeader(int streamId, HeaderField field) =>
            Events.Add($"{Encoding.ASCII.GetString(field.Name)}: {Encoding.ASCII.GetString(field.Value)}");

        public void OnData(int streamId, ReadOnlySpan<byte> data) => Events.Add(Encoding.ASCII.GetString(data));

        public void OnEnd(int streamId) => Events.Add("end");

        public void OnReset(int streamId, uint errorCode) => Events.Add($"reset {streamId} {errorCode}");
    }
}
