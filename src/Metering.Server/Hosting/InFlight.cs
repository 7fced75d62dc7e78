namespace Metering.Server;

/// <summary>
/// What clients make the server hold at this moment: those of one address, and, in <see cref="Whole"/>, all together. Counts
/// only; <see cref="RequestGate"/> decides.
/// </summary>
/// <remarks>Thread-safe. Whatever enters leaves exactly once.</remarks>
internal sealed class InFlight(InFlight? whole)
{
    private int _requests;
    private int _streams;
    private int _http2Connections;
    private long _messageBytes;

    /// <summary>The sum over all addresses; null for the sum itself.</summary>
    public InFlight? Whole { get; } = whole;

    /// <summary>Requests from their headers until their answer was handed over to be sent.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Streaming calls that are open.</summary>
    public int Streams => Volatile.Read(ref _streams);

    /// <summary>Bytes of request messages, beyond what each request may hold anyway.</summary>
    public long MessageBytes => Volatile.Read(ref _messageBytes);

    /// <summary>One request more.</summary>
    /// <returns>How many there are with it.</returns>
    public int EnterRequest() => Interlocked.Increment(ref _requests);

    /// <summary>One request less.</summary>
    public void LeaveRequest() => Interlocked.Decrement(ref _requests);

    /// <summary>One HTTP/2 connection more.</summary>
    /// <returns>How many there are with it.</returns>
    public int EnterHttp2() => Interlocked.Increment(ref _http2Connections);

    /// <summary>One HTTP/2 connection less.</summary>
    public void LeaveHttp2() => Interlocked.Decrement(ref _http2Connections);

    /// <summary>One streaming call more, unless there are so many.</summary>
    public bool TryEnterStream(int maximum)
    {
        if (Interlocked.Increment(ref _streams) <= maximum)
            return true;
        LeaveStream();
        return false;
    }

    /// <summary>One streaming call less.</summary>
    public void LeaveStream() => Interlocked.Decrement(ref _streams);

    /// <summary>More bytes, unless they would be too many.</summary>
    public bool TryTake(long bytes, long maximum)
    {
        if (Interlocked.Add(ref _messageBytes, bytes) <= maximum)
            return true;
        Return(bytes);
        return false;
    }

    /// <summary>Fewer bytes.</summary>
    public void Return(long bytes) => Interlocked.Add(ref _messageBytes, -bytes);
}
