namespace Metering.Grpc;

/// <summary>
/// Integers as JSON may spell them: 5, -5, 5.0, 50e-1, 0.5e1. Exact to the last digit, where a detour over doubles would
/// round above 2^53. What has a fraction left is no integer.
/// </summary>
internal static class DecimalInteger
{
    // An exponent beyond this leaves no integer of 64 bits but zero.
    private const int ExponentMaximum = RpcLimits.JsonExponent;

    public static bool TryParse(ReadOnlySpan<char> text, out Int128 value)
    {
        value = 0;
        bool isNegative = text.StartsWith("-");
        ReadOnlySpan<char> rest = isNegative ? text[1..] : text;
        ReadOnlySpan<char> whole = TakeDigits(ref rest);
        ReadOnlySpan<char> fraction = default;
        if (rest.StartsWith("."))
        {
            rest = rest[1..];
            fraction = TakeDigits(ref rest);
            if (fraction.IsEmpty)
                return false;
        }

        if (whole.IsEmpty || !TryTakeExponent(ref rest, out int exponent) || !rest.IsEmpty)
            return false;
        return TryScale(whole, fraction.TrimEnd('0'), exponent, ref value) && Negate(isNegative, ref value);
    }

    private static bool TryScale(ReadOnlySpan<char> whole, ReadOnlySpan<char> fraction, int exponent, ref Int128 value)
    {
        int zeros = exponent - fraction.Length;
        if (fraction.IsEmpty)
        {
            ReadOnlySpan<char> significant = whole.TrimEnd('0');
            zeros += whole.Length - significant.Length;
            whole = significant;
        }

        if (whole.TrimStart('0').IsEmpty && fraction.IsEmpty)
            return true;
        if (zeros < 0)
            return false;
        return TryAppend(whole, ref value) && TryAppend(fraction, ref value) && TryAppendZeros(zeros, ref value);
    }

    private static bool TryAppend(ReadOnlySpan<char> digits, ref Int128 value)
    {
        foreach (char digit in digits)
        {
            if (value > ulong.MaxValue)
                return false;
            value = (value * 10) + (digit - '0');
        }

        return true;
    }

    private static bool TryAppendZeros(int count, ref Int128 value)
    {
        for (; count > 0; count--)
        {
            if (value > ulong.MaxValue)
                return false;
            value *= 10;
        }

        return true;
    }

    private static bool Negate(bool isNegative, ref Int128 value)
    {
        if (isNegative)
            value = -value;
        return true;
    }

    private static ReadOnlySpan<char> TakeDigits(scoped ref ReadOnlySpan<char> text)
    {
        int length = text.IndexOfAnyExceptInRange('0', '9') is >= 0 and var end ? end : text.Length;
        ReadOnlySpan<char> digits = text[..length];
        text = text[length..];
        return digits;
    }

    private static bool TryTakeExponent(ref ReadOnlySpan<char> text, out int exponent)
    {
        exponent = 0;
        if (text.IsEmpty || text[0] is not ('e' or 'E'))
            return true;
        text = text[1..];
        bool isNegative = text.StartsWith("-");
        if (isNegative || text.StartsWith("+"))
            text = text[1..];
        ReadOnlySpan<char> digits = TakeDigits(ref text);
        if (digits.IsEmpty)
            return false;
        digits = digits.TrimStart('0');
        int magnitude = digits.Length > 6 ? ExponentMaximum : digits.IsEmpty ? 0 : Math.Min(int.Parse(digits), ExponentMaximum);
        exponent = isNegative ? -magnitude : magnitude;
        return true;
    }
}
