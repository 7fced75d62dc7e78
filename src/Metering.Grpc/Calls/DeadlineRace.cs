namespace Metering.Grpc;

/// <summary>A handler against its deadline.</summary>
internal static class DeadlineRace
{
    /// <summary>
    /// Waits for the handler, which is never abandoned: what it has under way (a commit) runs to its end. When the
    /// deadline passes first, the client is answered at once and <see cref="RpcCall.IsAnswered"/> is set.
    /// </summary>
    public static ValueTask<T> RunAsync<T>(ValueTask<T> handler, RpcCall call, ICallWire wire) =>
        handler.IsCompleted || call.Expiry is null ? handler : RaceAsync(handler.AsTask(), call.Expiry, call, wire);

    private static async ValueTask<T> RaceAsync<T>(Task<T> handler, Deadline deadline, RpcCall call, ICallWire wire)
    {
        if (!await deadline.PassesBeforeAsync(handler))
            return await handler;
        call.IsAnswered = true;
        Task answer = wire.AnswerEarlyAsync(call, Statuses.DeadlineExceeded);
        try
        {
            return await handler;
        }
        finally
        {
            await answer;
        }
    }
}
