using System.Buffers.Text;
using System.Net;
using Metering.Load;

namespace Metering.Grpc.Cost;

/// <summary>
/// Calls over one connection, on one thread: keeps a number of them in flight for as long as it is told to, and checks every
/// answer by its sums (statuses, bytes), which costs the machine next to nothing.
/// </summary>
internal sealed class CallConnection : IHttp2Streams, IDisposable
{
    private readonly Http2Connection _connection;
    private readonly RequestHeaderBlocks _headers;
    private readonly byte[] _frame;
    private readonly int _streams;
    private readonly TimeProvider _time;
    private int _nextStreamId = 1;
    private int _inFlight;
    private long _answered;
    private long _httpOk;
    private long _grpcOk;
    private long _bytes;

    public CallConnection(IPEndPoint address, CostCase called, CostOptions options, TimeProvider time)
    {
        _time = time;
        _frame = PayloadFrame.Make(options.MessageBytes);
        _connection = Http2Connection.Open(address, this);
        _streams = Math.Min(options.Streams, _connection.MaximumStreams);
        (string, string)[] metadata = called.Timeout is { } timeout ? [("grpc-timeout", timeout)] : [];
        _headers = new RequestHeaderBlocks(called.Path, address.ToString(), "none", _connection.HeaderTableBytes, metadata);
    }

    /// <summary>Header fields and trailers of the answers, as text; null when nobody wants them.</summary>
    public List<string>? Fields { get; set; }

    /// <summary>Calls until the moment given, then waits for the last answers.</summary>
    /// <returns>Calls answered; at least one, however late the machine lets this begin.</returns>
    /// <exception cref="CostException">An answer is not the one that is expected.</exception>
    public long Run(long endTimestamp)
    {
        (_answered, _httpOk, _grpcOk, _bytes) = (0, 0, 0, 0);
        StartCalls(_streams);
        while (_inFlight > 0)
        {
            _connection.Flush();
            _connection.Receive();
            if (_time.GetTimestamp() < endTimestamp)
                StartCalls(_streams);
        }

        Check();
        return _answered;
    }

    /// <summary>Calls once.</summary>
    public void CallOnce()
    {
        (_answered, _httpOk, _grpcOk, _bytes) = (0, 0, 0, 0);
        StartCalls(1);
        _connection.Flush();
        while (_inFlight > 0)
            _connection.Receive();
        Check();
    }

    public void Dispose() => _connection.Dispose();

    void IHttp2Streams.OnHeader(int streamId, HeaderField field)
    {
        Fields?.Add($"{System.Text.Encoding.ASCII.GetString(field.Name)}: {System.Text.Encoding.ASCII.GetString(field.Value)}");
        if (field.Name.SequenceEqual(":status"u8) && field.Value.SequenceEqual("200"u8))
            _httpOk++;
        else if (field.Name.SequenceEqual("grpc-status"u8) && field.Value.SequenceEqual("0"u8))
            _grpcOk++;
    }

    void IHttp2Streams.OnData(int streamId, ReadOnlySpan<byte> data) => _bytes += data.Length;

    void IHttp2Streams.OnEnd(int streamId)
    {
        _answered++;
        _inFlight--;
    }

    void IHttp2Streams.OnReset(int streamId, uint errorCode) => throw new CostException($"The server reset a call (error {errorCode}).");

    private void StartCalls(int streams)
    {
        while (_inFlight < streams && _connection.SendWindowBytes >= _frame.Length)
        {
            byte[] block = _nextStreamId == 1 ? _headers.First : _headers.Repeated;
            int bytes = (2 * Http2Frame.HeaderBytes) + block.Length + _frame.Length;
            if (_connection.Outgoing.Length < bytes)
                _connection.Flush();

            Span<byte> target = _connection.Outgoing;
            Http2Frame.WriteHeader(target, block.Length, Http2Frame.Headers, Http2Frame.EndHeaders, _nextStreamId);
            block.CopyTo(target[Http2Frame.HeaderBytes..]);
            Span<byte> data = target[(Http2Frame.HeaderBytes + block.Length)..];
            Http2Frame.WriteHeader(data, _frame.Length, Http2Frame.Data, Http2Frame.EndStream, _nextStreamId);
            _frame.CopyTo(data[Http2Frame.HeaderBytes..]);
            _connection.Advance(bytes, _frame.Length);
            _nextStreamId += 2;
            _inFlight++;
        }
    }

    private void Check()
    {
        if (_httpOk != _answered || _grpcOk != _answered || _bytes != _answered * _frame.Length)
        {
            throw new CostException(
                $"Of {_answered} answers {_httpOk} were HTTP 200 and {_grpcOk} grpc-status 0, with {_bytes} bytes in all "
                + $"instead of {_frame.Length} each.");
        }
    }
}
