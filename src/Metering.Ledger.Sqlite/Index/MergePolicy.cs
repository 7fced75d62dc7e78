namespace Metering.Ledger.Sqlite;

/// <summary>
/// Which runs to merge: as many as the fan-in that follow each other and are of one level. A run is a level higher for
/// each time that it is the fan-in larger, so that an entry is merged once a level, and there are fewer than the fan-in
/// runs of a level at rest.
/// </summary>
internal static class MergePolicy
{
    private const int Levels = 8; // more runs than these can have at rest: the sizes are odd, and anything helps

    /// <summary>The place of the first of the runs to merge; -1 when there is nothing to do.</summary>
    /// <param name="entries">Entries of each run, oldest first; 0 for one that cannot be merged now.</param>
    /// <param name="fanIn">Runs to merge at once.</param>
    /// <param name="sealedEntries">Entries of a run of the lowest level.</param>
    public static int Choose(ReadOnlySpan<long> entries, int fanIn, long sealedEntries)
    {
        int chosen = -1;
        long least = long.MaxValue;
        for (int first = 0; first + fanIn <= entries.Length; first++)
        {
            ReadOnlySpan<long> window = entries.Slice(first, fanIn);
            long sum = 0;
            bool isOneLevel = true;
            foreach (long count in window)
            {
                sum = count == 0 ? long.MaxValue : sum == long.MaxValue ? sum : sum + count;
                isOneLevel &= Level(count, fanIn, sealedEntries) == Level(window[0], fanIn, sealedEntries);
            }

            if (sum > RunHeader.EntriesMaximum || sum >= least || !(isOneLevel || entries.Length > fanIn * Levels))
                continue;
            (chosen, least) = (first, sum);
        }

        return chosen;
    }

    private static int Level(long entries, int fanIn, long sealedEntries)
    {
        int level = 0;
        for (; entries >= sealedEntries * fanIn; entries /= fanIn)
            level++;
        return level;
    }
}
