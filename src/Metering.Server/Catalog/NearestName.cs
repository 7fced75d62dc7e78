namespace Metering.Server;

/// <summary>Finds the name that somebody may have meant.</summary>
internal static class NearestName
{
    /// <summary>The name with the fewest edits, if they are few for its length; null otherwise.</summary>
    public static string? Find(string name, IEnumerable<string> names)
    {
        int edits = Math.Max(1, name.Length / 3) + 1;
        string? nearest = null;
        foreach (string candidate in names)
        {
            if (Math.Abs(candidate.Length - name.Length) < edits && Edits(name, candidate) is var found && found < edits)
                (nearest, edits) = (candidate, found);
        }

        return nearest;
    }

    // Levenshtein's distance, with letter case free of charge.
    private static int Edits(string from, string to)
    {
        int[] row = [.. Enumerable.Range(0, to.Length + 1)];
        for (int i = 1; i <= from.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= to.Length; j++)
            {
                int replaced = diagonal + (char.ToUpperInvariant(from[i - 1]) == char.ToUpperInvariant(to[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
