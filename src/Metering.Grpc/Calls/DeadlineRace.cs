using System.Runtime.CompilerServices;

namespace Metering.Grpc;

/// <summary>A handler against its deadline.</summary>
internal static class DeadlineRace
{
    /// <summary>
    /// Waits for the handler, which is never abandoned: what it has under way (a commit) runs to its end. When the
    /// deadline passes first, the client is answered at once and <see cref="RpcCall.IsAnswered"/> is set.
    /// </summary>
    public static ValueTask<T> RunAsync<T>(ValueTask<T> handler, RpcCall call, ICallWire wire) =>
        handler.IsCompleted || call.Expiry is null ? handler : AwaitAsync(handler, call.Expiry, call, wire);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private static async ValueTask<T> AwaitAsync<T>(ValueTask<T> handler, Deadline deadline, RpcCall call, ICallWire wire)
    {
        call.Wire = wire;
        CancellationTokenRegistration expiry = deadline.Token.UnsafeRegister(static call => ((RpcCall)call!).AnswerExpiry(), call);
        try
        {
            return await handler;
        }
        finally
        {
            expiry.Unregister();
            await call.EndHandler();
        }
    }
}
