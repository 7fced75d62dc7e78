namespace Metering.Load;

/// <summary>What a connection tells about its streams, on the thread that calls <see cref="Http2Connection.Receive"/>.</summary>
internal interface IHttp2Streams
{
    /// <summary>A header or trailer arrived; it is valid during the call only.</summary>
    void OnHeader(int streamId, HeaderField field);

    /// <summary>Bytes of the body arrived; they are valid during the call only.</summary>
    void OnData(int streamId, ReadOnlySpan<byte> data);

    /// <summary>The server finished the stream.</summary>
    void OnEnd(int streamId);

    /// <summary>The server gave the stream up.</summary>
    void OnReset(int streamId, uint errorCode);
}
