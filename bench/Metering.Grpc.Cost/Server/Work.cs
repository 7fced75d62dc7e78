namespace Metering.Grpc.Cost;

/// <summary>The work of a method that answers later, the same for both handlers.</summary>
internal static class Work
{
    /// <summary>Gives up the thread once: the rest runs as a work item of the thread pool.</summary>
    public static async ValueTask<T> YieldAsync<T>(T result)
    {
        await Task.Yield();
        return result;
    }
}
