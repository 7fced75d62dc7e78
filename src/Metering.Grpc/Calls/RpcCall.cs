using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;

namespace Metering.Grpc;

/// <summary>
/// What a handler sees of its call, over gRPC or REST. Valid until the handler has finished; not thread-safe.
/// </summary>
public sealed class RpcCall
{
    /// <summary>
    /// Most bytes of added trailers, together: names, values (base64 where binary) and 32 a trailer, as HTTP/2 counts. The
    /// rest of the 8 KiB that every client takes is the status's.
    /// </summary>
    public const int TrailerBytesMaximum = RpcLimits.AddedTrailerBytes;

    private readonly RpcRuntime _runtime;
    private ICallWire? _wire;
    private Task? _ending;
    private CancellationTokenSource? _linked;
    private bool _hasLinked;
    private bool _hasLooked;
    private CancellationToken _cancellationToken;
    private long _heldBytes;
    private bool _isOpenStream;

    internal RpcCall(HttpContext context, RpcMethod method, RpcRuntime runtime, TimeSpan? timeout, MessageEncoding encoding)
    {
        HttpContext = context;
        Method = method;
        _runtime = runtime;
        Expiry = timeout is { } time ? new Deadline(this, time, runtime.Deadlines) : null;
        RequestEncoding = encoding;
    }

    /// <summary>
    /// The HTTP request that carries the call. Response headers are set before the handler's first await: after it, the
    /// deadline may be answering the client.
    /// </summary>
    public HttpContext HttpContext { get; }

    /// <summary>The request's headers.</summary>
    public IHeaderDictionary RequestHeaders => HttpContext.Request.Headers;

    /// <summary>Full name, as in <c>package.Service/Method</c>.</summary>
    public string MethodName => Method.Name;

    /// <summary>When the client stops waiting; null when it set no timeout.</summary>
    public DateTimeOffset? Deadline => Expiry?.At;

    /// <summary>Cancelled when the client is gone, when the deadline passed and, for streams, when the server is stopping.</summary>
    public CancellationToken CancellationToken
    {
        get
        {
            if (!_hasLinked)
                LinkTokens();
            return _cancellationToken;
        }
    }

    /// <summary>
    /// Whether the request message came compressed; of a client's stream, each message has its own answer
    /// (<see cref="RpcReader{T}.IsCurrentCompressed"/>). Always false over REST.
    /// </summary>
    public bool IsRequestCompressed { get; internal set; }

    /// <summary>
    /// Whether response messages that follow may be compressed; true unless a handler says otherwise. They are when the client
    /// accepts it and it makes them smaller. Without effect over REST.
    /// </summary>
    public bool MayCompressResponses { get; set; } = true;

    internal RpcMethod Method { get; }

    internal Deadline? Expiry { get; }

    internal MessageEncoding RequestEncoding { get; }

    internal List<KeyValuePair<string, string>>? Trailers { get; private set; }

    internal int TrailerBytes { get; private set; }

    /// <summary>Whether the response's headers name gzip: messages may then be compressed, one by one.</summary>
    internal bool HasGzipResponses { get; set; }

    /// <summary>Whether a response message was written: later errors are then trailers and no longer Trailers-Only.</summary>
    internal bool HasWritten { get; set; }

    /// <summary>Whether the client already has its status, while the handler still runs.</summary>
    internal bool IsAnswered => Volatile.Read(ref _ending) is { } ending && ending != Task.CompletedTask;

    /// <summary>Whether the deadline may have answered the client; <see cref="EndRace"/> tells.</summary>
    internal bool IsRacing => _wire is not null;

    /// <summary>Cancelled when the server begins to stop.</summary>
    internal CancellationToken Stopping => _runtime.Stopping;

    internal bool IsStopping => Stopping.IsCancellationRequested;

    /// <summary>Reading and writing of the call itself end with the deadline; a client that is gone ends them anyway.</summary>
    internal CancellationToken TransportToken => Expiry?.Token ?? CancellationToken.None;

    internal PipeReader RequestBody => HttpContext.Request.BodyReader;

    /// <summary>
    /// What has come of the request's body. Mostly it is all there at the first look, and nobody waits. Who does is held to the
    /// deadline, and to the server's stopping, which cancels the read: a call whose message is not whole by then has not begun.
    /// </summary>
    internal ValueTask<ReadResult> ReadBodyAsync()
    {
        // Only the first time: to try again would hand out what was seen already, over and over, without waiting for more.
        if (_hasLooked || !RequestBody.TryRead(out ReadResult read))
            return WaitForBodyAsync();
        _hasLooked = true;
        return new(read);
    }

    /// <summary>Values of a binary request header (name ending with <c>-bin</c>), in the order sent; none when it is not there.</summary>
    /// <returns>False when a value is not base64, padded or not: the request is malformed.</returns>
    public bool TryReadBinaryHeader(string name, out IReadOnlyList<byte[]> values)
    {
        Metadata.CheckBinaryName(name);
        return Metadata.TryDecodeBinary(RequestHeaders[name], out values);
    }

    /// <summary>Adds a response header, before the handler's first await.</summary>
    /// <param name="name">Lower-case name, not starting with <c>grpc-</c> and not ending with <c>-bin</c>.</param>
    /// <param name="value">Printable ASCII.</param>
    public void AddHeader(string name, string value)
    {
        Metadata.CheckText(name, value);
        HttpContext.Response.Headers.Append(name, value);
    }

    /// <summary>Adds a binary response header, before the handler's first await.</summary>
    /// <param name="name">Lower-case name, not starting with <c>grpc-</c>, ending with <c>-bin</c>.</param>
    /// <param name="value">Any bytes.</param>
    public void AddHeader(string name, ReadOnlySpan<byte> value)
    {
        Metadata.CheckBinaryName(name);
        HttpContext.Response.Headers.Append(name, Metadata.EncodeBinary(value));
    }

    /// <summary>Adds a trailer (a response header over REST).</summary>
    /// <param name="name">Lower-case name, not starting with <c>grpc-</c> and not ending with <c>-bin</c>.</param>
    /// <param name="value">Printable ASCII.</param>
    /// <exception cref="ArgumentException">
    /// The name or the value may not travel, or the trailers added exceed <see cref="TrailerBytesMaximum"/> together.
    /// </exception>
    public void AddTrailer(string name, string value)
    {
        Metadata.CheckText(name, value);
        KeepTrailer(name, value);
    }

    /// <summary>Adds a binary trailer (base64 in a response header over REST).</summary>
    /// <param name="name">Lower-case name, not starting with <c>grpc-</c>, ending with <c>-bin</c>.</param>
    /// <param name="value">Any bytes.</param>
    /// <exception cref="ArgumentException">
    /// The name may not travel, or the trailers added exceed <see cref="TrailerBytesMaximum"/> together.
    /// </exception>
    public void AddTrailer(string name, ReadOnlySpan<byte> value)
    {
        Metadata.CheckBinaryName(name);
        KeepTrailer(name, Metadata.EncodeBinary(value));
    }

    /// <summary>
    /// Before anything is read: whether the method's guard lets the call in, and whether there is room for it. Null, or the
    /// refusal.
    /// </summary>
    internal RpcStatus? Admit()
    {
        if (Method.Guard?.Invoke(this) is { } refusal)
            return refusal;
        if (!Method.IsStreaming || _runtime.Budget is not { } budget)
            return null;
        _isOpenStream = budget.TryOpenStream(HttpContext);
        return _isOpenStream ? null : Statuses.TooManyStreams;
    }

    /// <summary>Whether there is room for the call to hold so many bytes of its request in all, until it ends.</summary>
    internal bool TryHold(long bytes)
    {
        if (bytes <= RpcLimits.UnchargedBytes || bytes <= _heldBytes || _runtime.Budget is not { } budget)
            return true;
        if (!budget.TryTake(HttpContext, bytes - _heldBytes))
            return false;
        _heldBytes = bytes;
        return true;
    }

    /// <summary>The handler did not finish at once: from here on the deadline may answer the client through the wire.</summary>
    internal void StartRace(ICallWire wire)
    {
        if (Expiry is null)
            return;
        Interlocked.Exchange(ref _wire, wire);
        if (Expiry.HasPassed)
            AnswerExpiry();
        else
            Expiry.Begin();
    }

    /// <summary>The handler finished: nobody answers early any more, or the early answer is waited for. Never fails.</summary>
    internal Task EndRace() => Interlocked.CompareExchange(ref _ending, Task.CompletedTask, null) ?? Task.CompletedTask;

    /// <summary>The deadline passed: answers the client if the handler is running and has not finished.</summary>
    internal void AnswerExpiry()
    {
        if (Volatile.Read(ref _wire) is not { } wire)
            return;
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (Interlocked.CompareExchange(ref _ending, answered.Task, null) is null)
            _ = AnswerExpiryAsync(wire, answered);
    }

    internal void Close()
    {
        _linked?.Dispose();
        Expiry?.End();
        if (_heldBytes > 0)
            _runtime.Budget!.Return(HttpContext, _heldBytes);
        if (_isOpenStream)
            _runtime.Budget!.CloseStream(HttpContext);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ReadResult> WaitForBodyAsync()
    {
        _hasLooked = true;
        ValueTask<ReadResult> reading = RequestBody.ReadAsync(TransportToken);
        if (reading.IsCompleted)
            return await reading;
        using CancellationTokenRegistration stopping = Stopping.UnsafeRegister(static body => EndWait((PipeReader)body!), RequestBody);
        return await reading;
    }

    // Called by whoever stops the server, who must not hear of one client's end.
    private static void EndWait(PipeReader body)
    {
        try
        {
            body.CancelPendingRead();
        }
        catch (IOException)
        {
            // The client is gone: its read ends by itself.
        }
    }

    private void KeepTrailer(string name, string value)
    {
        int bytes = TrailerBytes + Metadata.BytesOf(name, value);
        if (bytes > TrailerBytesMaximum)
            throw new ArgumentException($"The trailers of the call exceed {TrailerBytesMaximum} bytes with \"{name}\".", nameof(name));
        TrailerBytes = bytes;
        (Trailers ??= []).Add(new(name, value));
    }

    private async Task AnswerExpiryAsync(ICallWire wire, TaskCompletionSource answered)
    {
        try
        {
            await wire.AnswerEarlyAsync(this, Statuses.DeadlineExceeded);
        }
        catch (Exception exception)
        {
            // Too late for a status; what is not expected is logged.
            _ = Faults.ToStatus(exception, this, _runtime.Log);
        }

        answered.SetResult();
    }

    private void LinkTokens()
    {
        CancellationToken stopping = Method.IsStreaming ? _runtime.Stopping : CancellationToken.None;
        CancellationToken aborted = HttpContext.RequestAborted;
        if (Expiry is null && !stopping.CanBeCanceled)
        {
            _cancellationToken = aborted;
        }
        else
        {
            _linked = CancellationTokenSource.CreateLinkedTokenSource(aborted, TransportToken, stopping);
            _cancellationToken = _linked.Token;
        }

        _hasLinked = true;
    }
}
