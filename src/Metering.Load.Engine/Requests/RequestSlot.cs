namespace Metering.Load;

/// <summary>A request in flight and what arrived of its answer. Reused for one stream after the other.</summary>
internal sealed class RequestSlot(int records, bool keepsAcceptedUuids)
{
    private byte[] _body = new byte[256];
    private int _bodyBytes;

    /// <summary>Stream of the request; 0 while the slot is free.</summary>
    public int StreamId { get; private set; }

    /// <summary>Moment at which the request was meant to be sent.</summary>
    public long IntendedTimestamp { get; private set; }

    /// <summary>The uuids that were sent.</summary>
    public Guid[] Uuids { get; } = new Guid[records];

    /// <summary>The accepted uuids, big-endian; the verdicts tell how many. Empty when nobody wants them.</summary>
    public byte[] AcceptedUuids { get; } = new byte[keepsAcceptedUuids ? records * WriteAnswer.UuidBytes : 0];

    public int HttpStatus { get; set; }

    /// <summary>grpc-status; null until it arrived.</summary>
    public int? GrpcStatus { get; set; }

    public VerdictCounts Verdicts;

    /// <summary>True when the body was one well-formed answer.</summary>
    public bool IsAnswerRead { get; private set; }

    public void Begin(int streamId, long intendedTimestamp)
    {
        StreamId = streamId;
        IntendedTimestamp = intendedTimestamp;
        HttpStatus = 0;
        GrpcStatus = null;
        Verdicts = default;
        IsAnswerRead = false;
        _bodyBytes = 0;
    }

    public void Release() => StreamId = 0;

    /// <summary>Reads an answer in place when it comes in one piece, as it nearly always does; gathers it otherwise.</summary>
    public void Append(ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty)
            return;
        if (_bodyBytes == 0 && !IsAnswerRead && WriteAnswer.IsComplete(data))
        {
            IsAnswerRead = WriteAnswer.TryRead(data, ref Verdicts, AcceptedUuids);
            return;
        }

        if (_body.Length < _bodyBytes + data.Length)
            Array.Resize(ref _body, 2 * (_bodyBytes + data.Length));
        data.CopyTo(_body.AsSpan(_bodyBytes));
        _bodyBytes += data.Length;
        // A second message after a whole one is no answer to a unary call.
        IsAnswerRead = !IsAnswerRead && WriteAnswer.IsComplete(_body.AsSpan(0, _bodyBytes))
            && WriteAnswer.TryRead(_body.AsSpan(0, _bodyBytes), ref Verdicts, AcceptedUuids);
    }
}
