using System.Buffers;
using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Numerics;
using System.Text;

namespace Metering.Load;

/// <summary>
/// The load of one connection, on one thread: start every request that is due, send them in one call, read once, count
/// every answer that is complete, again. Sending in one call cannot lock up against a server that waits for its answers
/// to be read: what is in flight at most, a few hundred answers of a kilobyte, fits the buffers of the sockets.
/// </summary>
internal sealed class LoadConnection : IHttp2Streams
{
    private const long LongestWaitNanoseconds = 100_000_000;
    private const long NanosecondsPerSecond = 1_000_000_000;
    private const int RememberedUuids = 64 * 1024;

    private readonly LoadOptions _options;
    private readonly IPEndPoint _address;
    private readonly AcknowledgedFile? _acknowledged;
    private readonly TimeProvider _time;
    private readonly RequestTemplate _template;
    private readonly UuidSource _uuids;
    private readonly RequestSlot[] _slots;
    private readonly Guid[] _counted = new Guid[RememberedUuids];
    private readonly ArrayBufferWriter<byte> _acknowledgedBatch = new(64 * 1024);
    private long _countedUuids;
    private RequestHeaderBlocks? _headers;
    private volatile Http2Connection? _connection;
    private RequestSchedule? _schedule;
    private long _nextStreamId;
    private int _inFlight;
    private long _receivedTimestamp;

    public LoadConnection(LoadOptions options, int number, IPEndPoint address, AcknowledgedFile? acknowledged, TimeProvider time)
    {
        _options = options;
        _address = address;
        _acknowledged = acknowledged;
        _time = time;
        _template = new RequestTemplate(options.Owner, options.Skus, options.Records);
        _uuids = new UuidSource(options.Uuid, UuidSource.MakeSeed(options.Seed, number));
        _slots = new RequestSlot[(int)BitOperations.RoundUpToPowerOf2((uint)(2 * options.Streams))];
        for (int index = 0; index < _slots.Length; index++)
            _slots[index] = new RequestSlot(options.Records, acknowledged is not null);
    }

    /// <summary>What this connection did so far.</summary>
    public LoadTally Tally { get; } = new();

    /// <summary>Connects.</summary>
    /// <exception cref="SocketException">No connection.</exception>
    /// <exception cref="IOException">No HTTP/2 there, or none that this load can use.</exception>
    public void Open()
    {
        Http2Connection connection = Http2Connection.Open(_address, this);
        _connection = connection;
        _nextStreamId = 1;
        _headers = new RequestHeaderBlocks(_options.Path, _options.Address, _options.Token, connection.HeaderTableBytes);
        if (connection.StreamWindowBytes < _template.BodyBytes)
            throw new Http2Exception($"The server's window of {connection.StreamWindowBytes} bytes a stream is smaller than a request.");
    }

    /// <summary>Sends by the schedule until it is finished and every answer is there, or the connection is lost.</summary>
    public void Run(RequestSchedule schedule)
    {
        _schedule = schedule;
        try
        {
            Exchange(_connection!);
            while (!schedule.IsFinished(_time.GetTimestamp()) && !_connection!.IsGoingAway)
            {
                // The stream ids of the connection are used up.
                _connection.Dispose();
                Open();
                Exchange(_connection!);
            }

            if (_connection!.IsGoingAway)
                Tally.Losses.Add("The server ended the connection (GOAWAY).");
        }
        catch (Exception fault) when (fault is SocketException or IOException or ObjectDisposedException)
        {
            Tally.Losses.Add(fault is ObjectDisposedException ? "The server did not answer in time." : fault.Message);
        }

        AppendAcknowledged();
        Tally.Unanswered += _inFlight;
        Tally.Missed = schedule.CountMissed(_time.GetTimestamp());
        _connection?.Dispose();
    }

    /// <summary>Breaks the connection off; may be called from any thread.</summary>
    public void Abort() => _connection?.Abort();

    private void Exchange(Http2Connection connection)
    {
        while (true)
        {
            long now = _time.GetTimestamp();
            bool isEnding = _schedule!.IsFinished(now) || connection.IsGoingAway || AreStreamIdsUsedUp;
            if (!isEnding)
                StartRequests(connection, now);
            else if (connection.IsGoingAway)
                GiveUpStreamsAfter(connection.LastAnsweredStreamId);
            connection.Flush();
            if (isEnding && _inFlight == 0)
                return;

            if (!isEnding && _inFlight < Math.Min(_options.Streams, connection.MaximumStreams) && !WaitForNextRequest(connection, now))
                continue;
            _receivedTimestamp = 0;
            connection.Receive();
            AppendAcknowledged();
        }
    }

    // True when there is something to receive before the next request is due.
    private bool WaitForNextRequest(Http2Connection connection, long now)
    {
        long waitNanoseconds = ToNanoseconds(_schedule!.GetWait(now));
        bool isHeldBack = waitNanoseconds == 0;
        return connection.WaitUntilReadable(isHeldBack ? LongestWaitNanoseconds : Math.Min(waitNanoseconds, LongestWaitNanoseconds));
    }

    private bool AreStreamIdsUsedUp => _nextStreamId > int.MaxValue - (2 * _slots.Length);

    private void StartRequests(Http2Connection connection, long now)
    {
        int streams = Math.Min(_options.Streams, connection.MaximumStreams);
        DateTimeOffset wallClock = _time.GetUtcNow();
        long unixMilliseconds = wallClock.ToUnixTimeMilliseconds();
        _template.SetTime(wallClock);
        while (_inFlight < streams && connection.SendWindowBytes >= _template.BodyBytes && !AreStreamIdsUsedUp
            && _schedule!.TryTake(now, out long intendedTimestamp))
        {
            byte[] block = _nextStreamId == 1 ? _headers!.First : _headers!.Repeated;
            if (connection.Outgoing.Length < (2 * Http2Frame.HeaderBytes) + block.Length + _template.BodyBytes)
                connection.Flush();
            StartRequest(connection, block, intendedTimestamp, unixMilliseconds);
        }
    }

    private void StartRequest(Http2Connection connection, byte[] block, long intendedTimestamp, long unixMilliseconds)
    {
        RequestSlot slot = TakeSlot(out int streamId);
        slot.Begin(streamId, intendedTimestamp);

        Span<byte> target = connection.Outgoing;
        Http2Frame.WriteHeader(target, block.Length, Http2Frame.Headers, Http2Frame.EndHeaders, streamId);
        block.CopyTo(target[Http2Frame.HeaderBytes..]);
        Span<byte> data = target[(Http2Frame.HeaderBytes + block.Length)..];
        Http2Frame.WriteHeader(data, _template.BodyBytes, Http2Frame.Data, Http2Frame.EndStream, streamId);
        Span<byte> body = data[Http2Frame.HeaderBytes..];
        _template.CopyTo(body);
        for (int record = 0; record < slot.Uuids.Length; record++)
        {
            Guid uuid = ChooseUuid(unixMilliseconds);
            slot.Uuids[record] = uuid;
            _template.SetUuid(body, record, uuid);
        }

        connection.Advance((2 * Http2Frame.HeaderBytes) + block.Length + _template.BodyBytes, _template.BodyBytes);
        _inFlight++;
        Tally.Sent++;
    }

    // A stream's slot follows from its id, so that none has to be looked for; an id whose slot is still taken is left out,
    // which HTTP/2 allows.
    private RequestSlot TakeSlot(out int streamId)
    {
        RequestSlot slot;
        do
        {
            streamId = (int)_nextStreamId;
            _nextStreamId += 2;
            slot = SlotOf(streamId);
        }
        while (slot.StreamId != 0);
        return slot;
    }

    private RequestSlot SlotOf(int streamId) => _slots[(streamId >> 1) & (_slots.Length - 1)];

    private Guid ChooseUuid(long unixMilliseconds) =>
        _options.DuplicatesPercent > 0 && _countedUuids > 0 && _uuids.NextBelow(1_000_000) < _options.DuplicatesPercent * 10_000
            ? _counted[_uuids.NextBelow((int)Math.Min(_countedUuids, RememberedUuids))]
            : _uuids.Next(unixMilliseconds);

    void IHttp2Streams.OnHeader(int streamId, HeaderField field)
    {
        RequestSlot slot = SlotOf(streamId);
        if (slot.StreamId != streamId)
            return;
        if (field.Name.SequenceEqual(":status"u8))
            slot.HttpStatus = Utf8Parser.TryParse(field.Value, out int status, out _) ? status : 0;
        else if (field.Name.SequenceEqual("grpc-status"u8))
            slot.GrpcStatus = Utf8Parser.TryParse(field.Value, out int status, out _) ? status : null;
        else if (field.Name.SequenceEqual("grpc-message"u8) && slot.GrpcStatus is > 0 and < LoadTally.Statuses)
            Tally.StatusMessages[slot.GrpcStatus.Value] ??= Uri.UnescapeDataString(Encoding.ASCII.GetString(field.Value));
    }

    void IHttp2Streams.OnData(int streamId, ReadOnlySpan<byte> data)
    {
        RequestSlot slot = SlotOf(streamId);
        if (slot.StreamId == streamId)
            slot.Append(data);
    }

    void IHttp2Streams.OnEnd(int streamId)
    {
        RequestSlot slot = SlotOf(streamId);
        if (slot.StreamId != streamId)
            return;
        _receivedTimestamp = _receivedTimestamp == 0 ? _time.GetTimestamp() : _receivedTimestamp;
        Tally.LastAnswerTimestamp = _receivedTimestamp;

        if (slot is not { HttpStatus: 200, GrpcStatus: >= 0 and < LoadTally.Statuses })
            Tally.Malformed++;
        else if (slot.GrpcStatus != 0)
            Tally.ByStatus[slot.GrpcStatus.Value]++;
        else if (!slot.IsAnswerRead || slot.Verdicts.Total != _options.Records)
            Tally.Malformed++;
        else
            Count(slot);
        Release(slot);
    }

    void IHttp2Streams.OnReset(int streamId, uint errorCode)
    {
        RequestSlot slot = SlotOf(streamId);
        if (slot.StreamId != streamId)
            return;
        Tally.Reset++;
        Release(slot);
    }

    private void Count(RequestSlot slot)
    {
        Tally.ByStatus[0]++;
        Tally.Verdicts.Add(in slot.Verdicts);
        Tally.Latency.Record(ToNanoseconds(_receivedTimestamp - slot.IntendedTimestamp));
        if (_acknowledged is not null)
            _acknowledgedBatch.Write(slot.AcceptedUuids.AsSpan(0, (int)slot.Verdicts[VerdictCounts.Accepted] * WriteAnswer.UuidBytes));
        long counted = slot.Verdicts[VerdictCounts.Accepted] + slot.Verdicts[VerdictCounts.Duplicate];
        if (_options.DuplicatesPercent == 0 || counted != _options.Records)
            return;
        foreach (Guid uuid in slot.Uuids)
            _counted[_countedUuids++ % RememberedUuids] = uuid;
    }

    private void AppendAcknowledged()
    {
        if (_acknowledgedBatch.WrittenCount == 0)
            return;
        _acknowledged!.Append(_acknowledgedBatch.WrittenSpan);
        _acknowledgedBatch.ResetWrittenCount();
    }

    private void GiveUpStreamsAfter(int lastAnsweredStreamId)
    {
        foreach (RequestSlot slot in _slots)
        {
            if (slot.StreamId <= lastAnsweredStreamId)
                continue;
            Tally.Unanswered++;
            Release(slot);
        }
    }

    private void Release(RequestSlot slot)
    {
        slot.Release();
        _inFlight--;
    }

    private long ToNanoseconds(long timestampUnits) => (long)((double)timestampUnits * NanosecondsPerSecond / _time.TimestampFrequency);
}
