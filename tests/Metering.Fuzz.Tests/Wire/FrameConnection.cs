using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Metering.Load;

namespace Metering.Fuzz.Tests;

/// <summary>
/// The reading side of HTTP/2 on a socket of its own: every frame that the server sends is taken apart and noted with the
/// answer of its stream. Blocking; used by one thread.
/// </summary>
internal sealed class FrameConnection : IDisposable
{
    private readonly Socket _socket;
    private readonly HpackDecoder _hpack = new();
    private readonly Stopwatch _silence = Stopwatch.StartNew();
    private readonly TimeSpan _patience;
    private readonly MemoryStream _block = new();
    private byte[] _buffer = new byte[64 * 1024];
    private int _filled;
    private int _blockStream;
    private bool _blockEndsStream;

    public FrameConnection(IPEndPoint endPoint, TimeSpan patience)
    {
        _patience = patience;
        _socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            LingerState = new LingerOption(enable: true, 0), // no port is kept waiting
            SendTimeout = (int)patience.TotalMilliseconds,
        };
        _socket.Connect(endPoint);
    }

    /// <summary>The answers of the streams, by number.</summary>
    public Dictionary<int, Answer> Streams { get; } = [];

    /// <summary>What the server says about the connection.</summary>
    public Answer Whole { get; } = new();

    /// <summary>Streams that are over.</summary>
    public HashSet<int> Ended { get; } = [];

    public long ConnectionCredit { get; private set; } = Http2Frame.DefaultWindowBytes;

    /// <summary>What the server lets a new stream send at once.</summary>
    public long StreamCredit { get; private set; } = Http2Frame.DefaultWindowBytes;

    /// <summary>Credit given to streams after they were opened.</summary>
    public Dictionary<int, long> AddedCredit { get; } = [];

    /// <summary>The payload of the last PING that the server acknowledged.</summary>
    public ulong Acknowledged { get; private set; }

    /// <summary>No more comes.</summary>
    public bool IsOver => Whole.IsClosed || Whole.IsHung || Whole.Malformed is not null;

    public void Spend(int bytes) => ConnectionCredit -= bytes;

    /// <summary>Begins to wait anew.</summary>
    public void Await() => _silence.Restart();

    /// <summary>Sends; a server that closed already is noticed when reading.</summary>
    public void Send(ReadOnlySpan<byte> bytes)
    {
        try
        {
            while (!bytes.IsEmpty)
                bytes = bytes[_socket.Send(bytes)..];
        }
        catch (SocketException fault) when (fault.SocketErrorCode == SocketError.TimedOut)
        {
            Whole.IsHung = true;
        }
        catch (SocketException)
        {
            // Closed; what it said before can still be read.
        }
    }

    public void CloseSending()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // Closed by the server.
        }
    }

    /// <summary>Reads once and notes the frames that are whole.</summary>
    public void Read()
    {
        if (_filled == _buffer.Length)
            Array.Resize(ref _buffer, _buffer.Length * 2);
        TimeSpan left = _patience - _silence.Elapsed;
        if (left <= TimeSpan.Zero || !_socket.Poll(left, SelectMode.SelectRead))
        {
            Whole.IsHung = true;
            return;
        }

        int count;
        try
        {
            count = _socket.Receive(_buffer.AsSpan(_filled));
        }
        catch (SocketException)
        {
            count = 0; // reset: closed as well
        }

        Whole.IsClosed = count == 0;
        _filled += count;
        try
        {
            TakeFrames();
        }
        catch (Http2Exception fault)
        {
            Whole.Malformed = fault.Message;
        }
    }

    /// <summary>Reads for as long as something comes after at most this pause.</summary>
    public void ReadWhileBusy(TimeSpan pause)
    {
        while (!IsOver && _socket.Poll(pause, SelectMode.SelectRead))
            Read();
    }

    public void Dispose() => _socket.Dispose();

    private void TakeFrames()
    {
        int at = 0;
        while (_filled - at >= Http2Frame.HeaderBytes)
        {
            ReadOnlySpan<byte> header = _buffer.AsSpan(at, Http2Frame.HeaderBytes);
            int length = (int)(BinaryPrimitives.ReadUInt32BigEndian(header) >> 8);
            if (length > Http2Frame.PayloadBytes)
                throw new Http2Exception("The server sent a frame that is longer than 16 KiB, or not HTTP/2 at all.");
            if (_filled - at < Http2Frame.HeaderBytes + length)
                break;
            int stream = (int)(BinaryPrimitives.ReadUInt32BigEndian(header[5..]) & int.MaxValue);
            Take(header[3], header[4], stream, _buffer.AsSpan(at + Http2Frame.HeaderBytes, length));
            at += Http2Frame.HeaderBytes + length;
        }

        _buffer.AsSpan(at, _filled - at).CopyTo(_buffer);
        _filled -= at;
    }

    private void Take(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        if (payload.Length < Http2Frame.GetMinimumPayloadBytes(type))
            throw new Http2Exception($"The server sent a frame of type {type} with {payload.Length} bytes.");
        switch (type)
        {
            case Http2Frame.Settings when (flags & Http2Frame.Acknowledgement) == 0:
                for (; payload.Length >= 6; payload = payload[6..])
                {
                    if (BinaryPrimitives.ReadUInt16BigEndian(payload) == Http2Frame.InitialWindowSize)
                        StreamCredit = BinaryPrimitives.ReadUInt32BigEndian(payload[2..]);
                }

                Send(FrameBytes.Frame(Http2Frame.Settings, Http2Frame.Acknowledgement, 0, []));
                break;
            case Http2Frame.Ping when (flags & Http2Frame.Acknowledgement) == 0:
                Send(FrameBytes.Frame(Http2Frame.Ping, Http2Frame.Acknowledgement, 0, payload));
                break;
            case Http2Frame.Ping:
                Acknowledged = BinaryPrimitives.ReadUInt64BigEndian(payload);
                break;
            case Http2Frame.WindowUpdate when stream == 0:
                ConnectionCredit += BinaryPrimitives.ReadUInt32BigEndian(payload) & int.MaxValue;
                break;
            case Http2Frame.WindowUpdate:
                AddedCredit[stream] = AddedCredit.GetValueOrDefault(stream) + (BinaryPrimitives.ReadUInt32BigEndian(payload) & int.MaxValue);
                break;
            case Http2Frame.GoAway:
                Whole.GoAways.Add(BinaryPrimitives.ReadUInt32BigEndian(payload[4..]));
                break;
            case Http2Frame.ResetStream:
                AnswerOf(stream).Resets.Add(BinaryPrimitives.ReadUInt32BigEndian(payload));
                Ended.Add(stream);
                break;
            case Http2Frame.Headers or Http2Frame.Continuation:
                TakeHeaders(type, flags, stream, payload);
                break;
            case Http2Frame.Data:
                Answer answer = AnswerOf(stream);
                if (answer.Bodies.Count == 0)
                    answer.Bodies.Add([]);
                answer.Bodies[0] = [.. answer.Bodies[0], .. payload];
                if ((flags & Http2Frame.EndStream) != 0)
                    End(stream);
                break;
        }
    }

    private void TakeHeaders(byte type, byte flags, int stream, ReadOnlySpan<byte> payload)
    {
        if (type == Http2Frame.Headers)
        {
            if ((flags & (Http2Frame.Padded | Http2Frame.Priority)) != 0)
                throw new Http2Exception("The server sent padded headers or a priority, which it never does.");
            _block.SetLength(0);
            (_blockStream, _blockEndsStream) = (stream, (flags & Http2Frame.EndStream) != 0);
        }
        else if (stream != _blockStream)
        {
            throw new Http2Exception("The server continued another stream's headers.");
        }

        _block.Write(payload);
        if ((flags & Http2Frame.EndHeaders) == 0)
            return;
        ReadOnlySpan<byte> block = _block.GetBuffer().AsSpan(0, (int)_block.Length);
        Answer answer = AnswerOf(stream);
        string code = "", message = "";
        while (_hpack.TryReadField(ref block, out HeaderField field))
        {
            if (field.Name.SequenceEqual(":status"u8))
                answer.HttpStatuses.Add(int.Parse(Encoding.ASCII.GetString(field.Value)));
            else if (field.Name.SequenceEqual("grpc-status"u8))
                code = Encoding.ASCII.GetString(field.Value);
            else if (field.Name.SequenceEqual("grpc-message"u8))
                message = Uri.UnescapeDataString(Encoding.ASCII.GetString(field.Value));
        }

        if (code.Length > 0)
            answer.GrpcStatuses.Add((int.Parse(code), message));
        if (_blockEndsStream)
            End(stream);
    }

    private void End(int stream)
    {
        AnswerOf(stream).IsWhole = true;
        Ended.Add(stream);
    }

    private Answer AnswerOf(int stream)
    {
        if (!Streams.TryGetValue(stream, out Answer? answer))
            Streams.Add(stream, answer = new Answer());
        return answer;
    }
}
