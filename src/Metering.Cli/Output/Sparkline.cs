using System.Numerics;

namespace Metering.Cli;

/// <summary>A row of amounts as a line of characters, each as high as its part of the greatest; a gap where there is nothing.</summary>
internal static class Sparkline
{
    /// <summary>Most characters; more amounts are added up.</summary>
    public const int CharactersMaximum = 48;

    private const string Blocks = "▁▂▃▄▅▆▇█";
    private const string Plain = ".:-=+*#@";

    /// <summary>Draws amounts, of which none is negative.</summary>
    public static string Of(IReadOnlyList<BigInteger> amounts, bool isTerminal)
    {
        int characters = Math.Min(amounts.Count, CharactersMaximum);
        var sums = new BigInteger[characters];
        for (int place = 0; place < amounts.Count; place++)
            sums[(int)((long)place * characters / amounts.Count)] += amounts[place];
        BigInteger greatest = sums.Length == 0 ? 0 : sums.Max();
        string levels = isTerminal ? Blocks : Plain;
        return string.Concat(sums.Select(sum => sum.IsZero ? ' ' : levels[(int)((sum * (levels.Length - 1)) / greatest)]));
    }
}
