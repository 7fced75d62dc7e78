namespace Metering.Grpc;

/// <summary>A handler against its deadline.</summary>
internal static class DeadlineRace
{
    /// <summary>
    /// Waits for the handler, which is never abandoned: what it has under way (a commit) runs to its end. When the
    /// deadline passes first, the client is answered at once and <see cref="RpcCall.IsAnswered"/> is set.
    /// </summary>
    public static ValueTask<T> RunAsync<T>(ValueTask<T> handler, RpcCall call, ICallWire wire)
    {
        if (handler.IsCompleted || call.Expiry is null)
            return handler;
        call.StartRace(wire);
        return AwaitAsync(handler, call);
    }

    private static async ValueTask<T> AwaitAsync<T>(ValueTask<T> handler, RpcCall call)
    {
        try
        {
            return await handler;
        }
        finally
        {
            await call.EndRace();
        }
    }
}
