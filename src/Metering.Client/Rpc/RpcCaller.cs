using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;

namespace Metering.Client;

/// <summary>What one attempt carries beside its message.</summary>
/// <param name="Token">Bearer token; null: none.</param>
/// <param name="IdempotencyKey">The same for every attempt at a request.</param>
/// <param name="Attempt">1 for the first.</param>
internal readonly record struct CallHeaders(string? Token, string IdempotencyKey, int Attempt);

/// <summary>
/// One attempt at one gRPC call over HTTP/2, unary or with a stream of answers: frame, deadline, status, and every failure as a
/// <see cref="MeteringException"/>.
/// </summary>
internal sealed class RpcCaller(
    HttpMessageHandler handler, Uri address, TimeSpan connectTimeout, TimeSpan requestTimeout, TimeProvider time, Action<string>? warned = null)
    : IDisposable
{
    private const string ClockSkewWarning = "metering-clock-skew-warning";

    private static readonly MediaTypeHeaderValue ContentType = new("application/grpc");
    private static readonly string Agent = $"metering-client/{typeof(RpcCaller).Assembly.GetName().Version?.ToString(3)}";

    // Deadlines are the caller's own: HttpClient's would hide which one ran out.
    private readonly HttpClient _http = new(handler) { Timeout = Timeout.InfiniteTimeSpan };
    private volatile bool _hasAnswered;

    /// <summary>Whether the server ever answered this caller.</summary>
    public bool HasAnswered => _hasAnswered;

    /// <summary>Sends the request and reads the answer.</summary>
    /// <exception cref="MeteringException">The call failed; the exception says whether the outcome is unknown.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async Task<TResponse> CallAsync<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, TRequest message, CallHeaders headers, CancellationToken cancellationToken)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse>
    {
        using HttpRequestMessage request = CreateRequest(method.Path, MessageFrame.Write(message), headers, requestTimeout);
        using var deadline = new CancellationTokenSource(requestTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            using HttpResponseMessage response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            _hasAnswered = true;
            return method.Parser.ParseFrom((await ReadAnswerAsync(method.Name, response, either.Token)).Span);
        }
        catch (OperationCanceledException fault) when (!cancellationToken.IsCancellationRequested)
        {
            throw deadline.IsCancellationRequested
                ? new MeteringException(
                    GrpcStatusCode.DeadlineExceeded, $"No answer from {Where} to {method.Name} within {requestTimeout.TotalSeconds:0.#} s.",
                        fault) { OutcomeIsUnknown = true }
                : ConnectionFaults.ConnectTimedOut(fault, address, connectTimeout);
        }
        catch (Exception fault) when (IsOfTheCall(fault))
        {
            throw Explain(method.Name, fault);
        }
    }

    /// <summary>
    /// Begins a call whose answer is any number of messages. It has no deadline: a connection that is dead is noticed by its
    /// pings. The first message may take as long as any other.
    /// </summary>
    /// <exception cref="MeteringException">There is no connection, or the server refused the call at once.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async Task<ServerStream<TResponse>> OpenAsync<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, TRequest message, CallHeaders headers, CancellationToken cancellationToken)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse>
    {
        using HttpRequestMessage request = CreateRequest(method.Path, MessageFrame.Write(message), headers, timeout: null);
        HttpResponseMessage? response = null;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            _hasAnswered = true;
            CheckIsGrpc(method.Name, response);
            return new ServerStream<TResponse>(
                response, await response.Content.ReadAsStreamAsync(cancellationToken), method.Parser, fault => Explain(method.Name, fault));
        }
        catch (OperationCanceledException fault) when (!cancellationToken.IsCancellationRequested)
        {
            throw ConnectionFaults.ConnectTimedOut(fault, address, connectTimeout);
        }
        catch (Exception fault)
        {
            response?.Dispose();
            if (IsOfTheCall(fault))
                throw Explain(method.Name, fault);
            throw;
        }
    }

    /// <summary>Whether it is what a call can meet, rather than a fault of the program.</summary>
    public static bool IsOfTheCall(Exception fault) =>
        fault is HttpRequestException or InvalidProtocolBufferException or InvalidDataException or IOException;

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private MeteringException Explain(string method, Exception fault) => fault switch
    {
        HttpRequestException broken => ConnectionFaults.Describe(broken, address, _hasAnswered),
        InvalidProtocolBufferException => Unreadable(method, $"the message is malformed ({fault.Message})", fault),
        InvalidDataException => Unreadable(method, fault.Message, fault),
        _ => ConnectionFaults.Broken(fault, Where, _hasAnswered),
    };

    private string Where => address.GetLeftPart(UriPartial.Authority);

    private HttpRequestMessage CreateRequest(string path, byte[] frame, CallHeaders headers, TimeSpan? timeout)
    {
        var content = new ByteArrayContent(frame);
        content.Headers.ContentType = ContentType;
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(address, path))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        request.Headers.TryAddWithoutValidation("te", "trailers");
        request.Headers.TryAddWithoutValidation("user-agent", Agent);
        if (timeout is { } time)
            request.Headers.TryAddWithoutValidation("grpc-timeout", FormatTimeout(time));
        request.Headers.TryAddWithoutValidation("x-client-request-id", Guid.NewGuid().ToString());
        request.Headers.TryAddWithoutValidation("idempotency-key", headers.IdempotencyKey);
        if (headers.Attempt > 1)
            request.Headers.TryAddWithoutValidation(
                "grpc-previous-rpc-attempts", (headers.Attempt - 1).ToString(CultureInfo.InvariantCulture));
        if (headers.Token is not null)
            request.Headers.TryAddWithoutValidation("authorization", "Bearer " + headers.Token);
        return request;
    }

    /// <summary>A deadline as gRPC writes it: at most eight digits and a unit.</summary>
    internal static string FormatTimeout(TimeSpan timeout) => timeout.TotalMilliseconds < 100_000_000
        ? string.Create(CultureInfo.InvariantCulture, $"{(long)Math.Ceiling(timeout.TotalMilliseconds)}m")
        : string.Create(CultureInfo.InvariantCulture, $"{(long)Math.Ceiling(timeout.TotalSeconds)}S");

    private async Task<ReadOnlyMemory<byte>> ReadAnswerAsync(
        string method, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        CheckIsGrpc(method, response);
        ReadOnlyMemory<byte> body =
            await MessageFrame.ReadBodyAsync(await response.Content.ReadAsStreamAsync(cancellationToken), cancellationToken);
        if (StatusHeaders.Read(response) is { } failure)
            throw failure;
        if (warned is not null && StatusHeaders.Value(response.TrailingHeaders, ClockSkewWarning) is { } warning)
            warned(warning);
        return MessageFrame.Read(body);
    }

    // A proxy or another kind of server answered: the HTTP status is mapped as gRPC's documents say.
    private void CheckIsGrpc(string method, HttpResponseMessage response)
    {
        if (StatusHeaders.Hold(response.Headers) || (response.StatusCode == HttpStatusCode.OK
            && response.Content.Headers.ContentType?.MediaType?.StartsWith("application/grpc", StringComparison.Ordinal) == true))
            return;
        GrpcStatusCode code = (int)response.StatusCode switch
        {
            400 => GrpcStatusCode.Internal,
            401 => GrpcStatusCode.Unauthenticated,
            403 => GrpcStatusCode.PermissionDenied,
            404 => GrpcStatusCode.Unimplemented,
            429 or 502 or 503 or 504 => GrpcStatusCode.Unavailable,
            _ => GrpcStatusCode.Unknown,
        };
        string type = response.Content.Headers.ContentType?.MediaType ?? "no content type";
        throw new MeteringException(
            code,
            $"{Where} answered {method} with HTTP {(int)response.StatusCode} and {type} instead of gRPC: is this the server's address?")
        { RequestId = StatusHeaders.RequestId(response), OutcomeIsUnknown = code is GrpcStatusCode.Unavailable or GrpcStatusCode.Unknown };
    }

    private MeteringException Unreadable(string method, string what, Exception fault) =>
        new(GrpcStatusCode.Internal, $"The answer of {Where} to {method} cannot be read: {what}.", fault) { OutcomeIsUnknown = true };
}
