using System.Numerics;

namespace Metering.Cli;

/// <summary>Numbers as people read them.</summary>
internal static class Figures
{
    private const int BarCharacters = 20;
    private const string Eighths = " ▏▎▍▌▋▊▉";

    /// <summary>An exact integer with its digits in groups of three.</summary>
    public static string Group(BigInteger number)
    {
        string digits = BigInteger.Abs(number).ToString();
        var grouped = new System.Text.StringBuilder(number.Sign < 0 ? "-" : string.Empty);
        for (int index = 0; index < digits.Length; index++)
        {
            if (index > 0 && (digits.Length - index) % 3 == 0)
                grouped.Append(',');
            grouped.Append(digits[index]);
        }

        return grouped.ToString();
    }

    /// <summary>"1 record", "2 records".</summary>
    public static string Count(long number, string noun) => $"{Group(number)} {noun}{(number == 1 ? string.Empty : "s")}";

    /// <summary>A bar as long as its part of the greatest value; anything above zero shows.</summary>
    public static string Bar(BigInteger value, BigInteger greatest, bool isTerminal)
    {
        if (greatest <= 0 || value <= 0)
            return string.Empty;
        int parts = isTerminal ? 8 : 1;
        int filled = Math.Max(1, (int)(value * BarCharacters * parts / greatest));
        string bar = new(isTerminal ? '█' : '#', filled / parts);
        return filled % parts == 0 ? bar : bar + Eighths[filled % parts];
    }
}
