using System.Globalization;

namespace Metering.Faults;

/// <summary>
/// What an index folder shows of work that is going on, or was cut off: files of runs that are not whole yet. Of those, a
/// merge covers batches of runs that are there; a seal does not.
/// </summary>
internal static class UnfinishedRuns
{
    public static (int Seals, int Merges) In(string indexFolder)
    {
        if (!Directory.Exists(indexFolder))
            return (0, 0);
        string[] names = [.. Directory.EnumerateFiles(indexFolder).Select(file => Path.GetFileName(file)!)];
        (long First, long Last)[] whole = [.. names.Where(name => name.EndsWith(".run", StringComparison.Ordinal)).Select(BatchesOf)];
        int seals = 0, merges = 0;
        foreach ((long first, long last) in names.Where(name => name.EndsWith(".tmp", StringComparison.Ordinal)).Select(BatchesOf))
        {
            if (Array.Exists(whole, run => run.First >= first && run.Last <= last))
                merges++;
            else
                seals++;
        }

        return (seals, merges);
    }

    // first-last.run, and perhaps more endings.
    private static (long First, long Last) BatchesOf(string name)
    {
        string[] numbers = name.Split('.')[0].Split('-');
        return (long.Parse(numbers[0], CultureInfo.InvariantCulture), long.Parse(numbers[1], CultureInfo.InvariantCulture));
    }
}
