using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Metering.Load;

/// <summary>
/// One cleartext HTTP/2 connection (prior knowledge) of a unary client, driven by one thread: requests are gathered in
/// <see cref="Outgoing"/> and leave in one system call; <see cref="Receive"/> reads once and passes on every complete
/// frame. Only <see cref="Abort"/> may be called from another thread.
/// </summary>
internal sealed class Http2Connection : IDisposable
{
    private const int BufferBytes = 256 * 1024;
    private const int LastStreamId = int.MaxValue;
    private static readonly TimeSpan HandshakeTime = TimeSpan.FromSeconds(10);

    private readonly Socket _socket;
    private readonly IHttp2Streams _streams;
    private readonly HpackDecoder _decoder = new();
    private readonly byte[] _received = new byte[BufferBytes];
    private readonly byte[] _outgoing = new byte[BufferBytes];
    private readonly MemoryStream _fragments = new();
    private int _receivedBytes;
    private int _outgoingBytes;
    private int _fragmentedStreamId;
    private byte _fragmentedFlags;
    private long _unannouncedBytes;
    private bool _settingsReceived;

    private Http2Connection(Socket socket, IHttp2Streams streams)
    {
        _socket = socket;
        _streams = streams;
    }

    /// <summary>Most streams that the server lets be open at once.</summary>
    public int MaximumStreams { get; private set; } = int.MaxValue;

    /// <summary>Header table size of the server, in bytes.</summary>
    public int HeaderTableBytes { get; private set; } = HpackDecoder.DefaultTableBytes;

    /// <summary>Window that every new stream starts with, in bytes.</summary>
    public int StreamWindowBytes { get; private set; } = Http2Frame.DefaultWindowBytes;

    /// <summary>Bytes of bodies that the connection may send now.</summary>
    public long SendWindowBytes { get; private set; } = Http2Frame.DefaultWindowBytes;

    /// <summary>Last stream that the server will answer; smaller than the maximum once it is going away.</summary>
    public int LastAnsweredStreamId { get; private set; } = LastStreamId;

    /// <summary>True once the server takes no new stream.</summary>
    public bool IsGoingAway => LastAnsweredStreamId != LastStreamId;

    /// <summary>Room for requests that are to be sent.</summary>
    public Span<byte> Outgoing => _outgoing.AsSpan(_outgoingBytes);

    /// <summary>Connects and waits for the server's SETTINGS.</summary>
    /// <exception cref="SocketException">No connection.</exception>
    /// <exception cref="Http2Exception">The other side does not speak HTTP/2.</exception>
    public static Http2Connection Open(IPEndPoint address, IHttp2Streams streams)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        var connection = new Http2Connection(socket, streams);
        try
        {
            socket.Connect(address);
            socket.ReceiveTimeout = (int)HandshakeTime.TotalMilliseconds;
            connection.Greet();
            while (!connection._settingsReceived)
                connection.Receive();
            socket.ReceiveTimeout = 0;
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Takes <paramref name="bytes"/> of <see cref="Outgoing"/> as written.</summary>
    /// <param name="bytes">Bytes written.</param>
    /// <param name="bodyBytes">How many of them are bodies, which flow control counts.</param>
    public void Advance(int bytes, int bodyBytes)
    {
        _outgoingBytes += bytes;
        SendWindowBytes -= bodyBytes;
    }

    /// <summary>Sends what was gathered.</summary>
    public void Flush()
    {
        for (int sent = 0; sent < _outgoingBytes;)
            sent += _socket.Send(_outgoing.AsSpan(sent, _outgoingBytes - sent));
        _outgoingBytes = 0;
    }

    /// <summary>Waits up to <paramref name="nanoseconds"/> for something to receive.</summary>
    public bool WaitUntilReadable(long nanoseconds) => SocketWait.UntilReadable(_socket, nanoseconds);

    /// <summary>Reads once, blocking, and passes on every frame that is complete. Replies to the server are gathered, not sent.</summary>
    /// <exception cref="Http2Exception">The server closed the connection or broke the protocol.</exception>
    public void Receive()
    {
        int read = _socket.Receive(_received.AsSpan(_receivedBytes));
        if (read == 0)
            throw new Http2Exception("The server closed the connection.");
        _receivedBytes += read;

        ReadOnlySpan<byte> unread = _received.AsSpan(0, _receivedBytes);
        while (unread.Length >= Http2Frame.HeaderBytes)
        {
            int payloadBytes = (unread[0] << 16) | (unread[1] << 8) | unread[2];
            if (payloadBytes > Http2Frame.PayloadBytes)
                throw new Http2Exception("The server sent an oversized frame; does it speak HTTP/2 without TLS at this address?");
            if (unread.Length < Http2Frame.HeaderBytes + payloadBytes)
                break;
            int streamId = BinaryPrimitives.ReadInt32BigEndian(unread[5..]) & int.MaxValue;
            OnFrame(unread[3], unread[4], streamId, unread.Slice(Http2Frame.HeaderBytes, payloadBytes));
            unread = unread[(Http2Frame.HeaderBytes + payloadBytes)..];
        }

        unread.CopyTo(_received);
        _receivedBytes = unread.Length;
    }

    /// <summary>Breaks the connection off; a blocked <see cref="Receive"/> or <see cref="Flush"/> throws.</summary>
    public void Abort() => _socket.Dispose();

    public void Dispose()
    {
        _socket.Dispose();
        _fragments.Dispose();
    }

    private void Greet()
    {
        Span<byte> greeting = Outgoing;
        Http2Frame.ClientPreface.CopyTo(greeting);
        int written = Http2Frame.ClientPreface.Length;
        Http2Frame.WriteHeader(greeting[written..], 12, Http2Frame.Settings, 0, 0);
        written += Http2Frame.HeaderBytes;
        written += WriteSetting(greeting[written..], Http2Frame.EnablePush, 0);
        written += WriteSetting(greeting[written..], Http2Frame.InitialWindowSize, int.MaxValue);
        Advance(written, 0);
        AnnounceWindow(int.MaxValue - Http2Frame.DefaultWindowBytes);
        Flush();
    }

    private static int WriteSetting(Span<byte> target, ushort setting, int value)
    {
        BinaryPrimitives.WriteUInt16BigEndian(target, setting);
        BinaryPrimitives.WriteInt32BigEndian(target[2..], value);
        return 6;
    }

    private void OnFrame(byte type, byte flags, int streamId, ReadOnlySpan<byte> payload)
    {
        if (!_settingsReceived && type != Http2Frame.Settings)
            throw new Http2Exception("The server does not speak HTTP/2 without TLS at this address.");
        if (_fragmentedStreamId != 0 && type != Http2Frame.Continuation)
            throw new Http2Exception("The server interrupted a header block with another frame.");
        if (payload.Length < Http2Frame.GetMinimumPayloadBytes(type))
            throw new Http2Exception($"The server sent a truncated frame of type {type}.");

        switch (type)
        {
            case Http2Frame.Data:
                CountReceived(payload.Length);
                _streams.OnData(streamId, WithoutPadding(payload, flags));
                if ((flags & Http2Frame.EndStream) != 0)
                    _streams.OnEnd(streamId);
                break;
            case Http2Frame.Headers:
                ReadOnlySpan<byte> block = WithoutPadding(payload, flags);
                OnHeaderBlock(flags, streamId, (flags & Http2Frame.Priority) != 0 ? WithoutPriority(block) : block);
                break;
            case Http2Frame.Continuation:
                OnContinuation(flags, streamId, payload);
                break;
            case Http2Frame.ResetStream:
                _streams.OnReset(streamId, BinaryPrimitives.ReadUInt32BigEndian(payload));
                break;
            case Http2Frame.Settings:
                OnSettings(flags, payload);
                break;
            case Http2Frame.Ping when (flags & Http2Frame.Acknowledgement) == 0:
                Reply(Http2Frame.Ping, Http2Frame.Acknowledgement, payload);
                break;
            case Http2Frame.GoAway:
                LastAnsweredStreamId = Math.Min(LastStreamId - 1, BinaryPrimitives.ReadInt32BigEndian(payload) & int.MaxValue);
                break;
            case Http2Frame.WindowUpdate when streamId == 0:
                SendWindowBytes += BinaryPrimitives.ReadInt32BigEndian(payload) & int.MaxValue;
                break;
            case Http2Frame.PushPromise:
                throw new Http2Exception("The server pushed a stream although push is disabled.");
            default:
                break; // a stream's WINDOW_UPDATE (a whole request always fits its first window), PRIORITY, extensions
        }
    }

    private void OnHeaderBlock(byte flags, int streamId, ReadOnlySpan<byte> block)
    {
        if ((flags & Http2Frame.EndHeaders) == 0)
        {
            _fragmentedStreamId = streamId;
            _fragmentedFlags = flags;
            _fragments.SetLength(0);
            _fragments.Write(block);
            return;
        }

        while (_decoder.TryReadField(ref block, out HeaderField field))
            _streams.OnHeader(streamId, field);
        if ((flags & Http2Frame.EndStream) != 0)
            _streams.OnEnd(streamId);
    }

    private void OnContinuation(byte flags, int streamId, ReadOnlySpan<byte> fragment)
    {
        if (streamId != _fragmentedStreamId || streamId == 0)
            throw new Http2Exception("The server continued a header block that it had not begun.");
        _fragments.Write(fragment);
        if (_fragments.Length > BufferBytes)
            throw new Http2Exception("The server sent a header block without an end.");
        if ((flags & Http2Frame.EndHeaders) == 0)
            return;
        _fragmentedStreamId = 0;
        OnHeaderBlock((byte)(_fragmentedFlags | Http2Frame.EndHeaders), streamId, _fragments.GetBuffer().AsSpan(0, (int)_fragments.Length));
    }

    private void OnSettings(byte flags, ReadOnlySpan<byte> payload)
    {
        if ((flags & Http2Frame.Acknowledgement) != 0)
            return;
        for (; payload.Length >= 6; payload = payload[6..])
        {
            int value = (int)Math.Min(int.MaxValue, BinaryPrimitives.ReadUInt32BigEndian(payload[2..]));
            switch (BinaryPrimitives.ReadUInt16BigEndian(payload))
            {
                case Http2Frame.HeaderTableSize:
                    HeaderTableBytes = value;
                    break;
                case Http2Frame.MaximumConcurrentStreams:
                    MaximumStreams = value;
                    break;
                case Http2Frame.InitialWindowSize:
                    StreamWindowBytes = value;
                    break;
                default:
                    break;
            }
        }

        _settingsReceived = true;
        Reply(Http2Frame.Settings, Http2Frame.Acknowledgement, []);
    }

    // Flow control counts the padding too, hence the length of the whole payload.
    private void CountReceived(int bytes)
    {
        _unannouncedBytes += bytes;
        if (_unannouncedBytes < int.MaxValue / 2)
            return;
        AnnounceWindow((int)_unannouncedBytes);
        _unannouncedBytes = 0;
    }

    private void AnnounceWindow(int bytes)
    {
        Span<byte> increment = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(increment, bytes);
        Reply(Http2Frame.WindowUpdate, 0, increment);
    }

    private void Reply(byte type, byte flags, ReadOnlySpan<byte> payload)
    {
        int bytes = Http2Frame.HeaderBytes + payload.Length;
        if (Outgoing.Length < bytes)
            Flush();
        Http2Frame.WriteHeader(Outgoing, payload.Length, type, flags, 0);
        payload.CopyTo(Outgoing[Http2Frame.HeaderBytes..]);
        Advance(bytes, 0);
    }

    private static ReadOnlySpan<byte> WithoutPadding(ReadOnlySpan<byte> payload, byte flags)
    {
        if ((flags & Http2Frame.Padded) == 0)
            return payload;
        if (payload.IsEmpty || payload[0] >= payload.Length)
            throw new Http2Exception("The server sent a frame with more padding than payload.");
        return payload[1..^payload[0]];
    }

    private static ReadOnlySpan<byte> WithoutPriority(ReadOnlySpan<byte> payload) =>
        payload.Length >= 5 ? payload[5..] : throw new Http2Exception("The server sent truncated HEADERS.");
}
