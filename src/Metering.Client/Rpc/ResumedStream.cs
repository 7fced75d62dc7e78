using System.Runtime.CompilerServices;
using Google.Protobuf;

namespace Metering.Client;

/// <summary>A stream of answers that outlives its connections: when one is lost, another call goes on where it was.</summary>
internal sealed class ResumedStream(RpcCaller caller, RetryPolicy policy, Func<TimeSpan, CancellationToken, Task> wait)
{
    /// <summary>The messages, from one connection or several. Whoever takes one has taken all before it.</summary>
    /// <param name="method">The method; asking it again does no harm.</param>
    /// <param name="request">Makes the request that goes on after the messages taken so far.</param>
    /// <param name="isEndless">Whether the server never ends the stream by itself, so that an end is a lost connection.</param>
    /// <param name="tokens">Where the token comes from; a refused one is renewed once for each connection.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="MeteringException">The server refused, or was away for as many attempts as a call has.</exception>
    public async IAsyncEnumerable<TResponse> ReadAsync<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, Func<TRequest> request, bool isEndless, ITokenSource tokens,
        [EnumeratorCancellation] CancellationToken cancellationToken)
        where TRequest : IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        bool hasRenewedToken = false;
        for (int attempt = 1; ; attempt++)
        {
            string? token = await tokens.GetAsync(cancellationToken);
            var headers = new CallHeaders(token, Guid.NewGuid().ToString(), attempt);
            (ServerStream<TResponse>? stream, MeteringException? failure) =
                await TryAsync(() => caller.OpenAsync(method, request(), headers, cancellationToken));
            if (stream is not null)
            {
                using (stream)
                {
                    while (true)
                    {
                        (TResponse? message, failure) = await TryAsync(() => stream.NextAsync(cancellationToken).AsTask());
                        if (message is null)
                            break;
                        (attempt, hasRenewedToken) = (1, false);
                        yield return message;
                    }
                }
            }

            if (failure is null && !isEndless)
                yield break;
            failure ??= new MeteringException(GrpcStatusCode.Unavailable, $"The server ended {method.Name}.");
            if (failure.Code == GrpcStatusCode.Unauthenticated && !hasRenewedToken && tokens.Refused(token))
                hasRenewedToken = true;
            else if (policy.DelayAfter(failure, attempt, isRepeatable: true, caller.HasAnswered) is { } delay)
                await wait(delay, cancellationToken);
            else
                throw failure;
        }
    }

    private static async Task<(TResult? Result, MeteringException? Failure)> TryAsync<TResult>(Func<Task<TResult>> step)
    {
        try
        {
            return (await step(), null);
        }
        catch (MeteringException failure)
        {
            return (default, failure);
        }
    }
}
