namespace Metering.Faults;

/// <summary>Waits for what must come; the bound only keeps a hang from lasting for ever.</summary>
internal static class Waiting
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(2);

    /// <summary>Waits until something is so.</summary>
    /// <param name="what">What is waited for, in words.</param>
    /// <param name="holds">Whether it is so now.</param>
    /// <exception cref="FaultsException">It does not come.</exception>
    public static async Task UntilAsync(string what, Func<Task<bool>> holds)
    {
        long startedAt = TimeProvider.System.GetTimestamp();
        while (!await holds())
        {
            if (TimeProvider.System.GetElapsedTime(startedAt) > Bound)
                throw new FaultsException($"Waited {Bound.TotalMinutes} minutes in vain for {what}.");
            await Task.Delay(TimeSpan.FromMilliseconds(10));
        }
    }
}
