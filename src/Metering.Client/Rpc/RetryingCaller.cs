using Google.Protobuf;

namespace Metering.Client;

/// <summary>An answer, and what came before it.</summary>
/// <param name="Message">The answer.</param>
/// <param name="MayRepeat">An earlier attempt at the same request may have been carried out.</param>
internal readonly record struct Answer<TResponse>(TResponse Message, bool MayRepeat);

/// <summary>Calls until an answer comes, or it is clear that none will: waits and retries, and renews a refused token once.</summary>
internal sealed class RetryingCaller(RpcCaller caller, RetryPolicy policy, Func<TimeSpan, CancellationToken, Task> wait)
{
    /// <summary>Sends the request, again if need be: always the same message and idempotency key.</summary>
    /// <exception cref="MeteringException">The last attempt failed; its outcome is unknown if that of any attempt is.</exception>
    public async Task<Answer<TResponse>> CallAsync<TRequest, TResponse>(
        RpcMethod<TRequest, TResponse> method, TRequest message, ITokenSource tokens, CancellationToken cancellationToken)
        where TRequest : IMessage<TRequest>
        where TResponse : IMessage<TResponse>
    {
        string idempotencyKey = Guid.NewGuid().ToString();
        bool mayRepeat = false;
        bool hasRenewedToken = false;
        for (int attempt = 1; ; attempt++)
        {
            string? token = await GetTokenAsync(tokens, mayRepeat, cancellationToken);
            try
            {
                TResponse answer =
                    await caller.CallAsync(method, message, new CallHeaders(token, idempotencyKey, attempt), cancellationToken);
                return new Answer<TResponse>(answer, mayRepeat);
            }
            catch (MeteringException failure)
            {
                if (failure.Code == GrpcStatusCode.Unauthenticated && !hasRenewedToken && tokens.Refused(token))
                {
                    hasRenewedToken = true;
                    continue;
                }

                mayRepeat |= failure.OutcomeIsUnknown;
                failure.OutcomeIsUnknown = mayRepeat;
                if (policy.DelayAfter(failure, attempt, method.IsRepeatable, caller.HasAnswered) is not { } delay)
                    throw;
                await wait(delay, cancellationToken);
            }
        }
    }

    // An earlier attempt may have been carried out, whatever keeps the next one from being made.
    private static async Task<string?> GetTokenAsync(ITokenSource tokens, bool mayRepeat, CancellationToken cancellationToken)
    {
        try
        {
            return await tokens.GetAsync(cancellationToken);
        }
        catch (MeteringException failure) when (mayRepeat)
        {
            failure.OutcomeIsUnknown = true;
            throw;
        }
    }
}
