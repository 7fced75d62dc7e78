using Google.Protobuf.WellKnownTypes;

namespace Metering.Grpc;

/// <summary>RFC 3339 moments and durations such as 1.5s, to the nanosecond.</summary>
internal static class TimeText
{
    private const int NanosecondsPerSecond = 1_000_000_000;
    private const int FractionDigitsMaximum = 9;
    private const long DurationSecondsMaximum = 315_576_000_000;
    private const int FixedLength = 19;

    private static readonly long FirstSecond = DateTimeOffset.MinValue.ToUnixTimeSeconds();
    private static readonly long LastSecond = DateTimeOffset.MaxValue.ToUnixTimeSeconds();

    /// <summary>2026-11-21T22:30:00.123456789+03:00; years 1 to 9999 in UTC.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Timestamp moment)
    {
        moment = new Timestamp();
        if (text.Length <= FixedLength || text[10] is not ('T' or 't'))
            return false;
        if (text[4] != '-' || text[7] != '-' || text[13] != ':' || text[16] != ':')
            return false;
        if (!TryDigits(text[..4], 1, 9999, out int year) || !TryDigits(text[5..7], 1, 12, out int month)
            || !TryDigits(text[8..10], 1, DateTime.DaysInMonth(year, month), out int day) || !TryDigits(text[11..13], 0, 23, out int hour)
            || !TryDigits(text[14..16], 0, 59, out int minute) || !TryDigits(text[17..19], 0, 59, out int second))
            return false;
        ReadOnlySpan<char> rest = text[FixedLength..];
        if (!TryTakeFraction(ref rest, out int nanoseconds) || !TryOffset(rest, out int offsetMinutes))
            return false;
        var local = new DateTimeOffset(year, month, day, hour, minute, second, TimeSpan.Zero);
        long seconds = local.ToUnixTimeSeconds() - (offsetMinutes * 60L);
        (moment.Seconds, moment.Nanos) = (seconds, nanoseconds);
        return seconds >= FirstSecond && seconds <= LastSecond;
    }

    /// <exception cref="FormatException">The moment is outside of what JSON can say.</exception>
    public static string Format(Timestamp moment)
    {
        if (moment.Seconds < FirstSecond || moment.Seconds > LastSecond || moment.Nanos is < 0 or >= NanosecondsPerSecond)
            throw new FormatException($"A timestamp of {moment.Seconds} s and {moment.Nanos} ns is out of range.");
        return $"{DateTimeOffset.FromUnixTimeSeconds(moment.Seconds):yyyy-MM-dd'T'HH:mm:ss}{Fraction(moment.Nanos)}Z";
    }

    /// <summary>3s, -1.5s; up to 10,000 years.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Duration span)
    {
        span = new Duration();
        bool isNegative = text.StartsWith("-");
        ReadOnlySpan<char> rest = isNegative ? text[1..] : text;
        int digits = rest.IndexOfAnyExceptInRange('0', '9');
        if (digits is <= 0 or > 12 || long.Parse(rest[..digits]) is var seconds && seconds > DurationSecondsMaximum)
            return false;
        rest = rest[digits..];
        if (!TryTakeFraction(ref rest, out int nanoseconds) || rest is not "s")
            return false;
        span.Seconds = isNegative ? -seconds : seconds;
        span.Nanos = isNegative ? -nanoseconds : nanoseconds;
        return seconds < DurationSecondsMaximum || nanoseconds == 0;
    }

    /// <exception cref="FormatException">The duration is not a valid one.</exception>
    public static string Format(Duration span)
    {
        if (Math.Abs(span.Seconds) > DurationSecondsMaximum || Math.Abs((long)span.Nanos) >= NanosecondsPerSecond
            || Math.Sign(span.Seconds) * Math.Sign(span.Nanos) < 0)
            throw new FormatException($"A duration of {span.Seconds} s and {span.Nanos} ns is out of range.");
        string sign = span.Seconds < 0 || span.Nanos < 0 ? "-" : "";
        return $"{sign}{Math.Abs(span.Seconds)}{Fraction(Math.Abs(span.Nanos))}s";
    }

    // 0, 3, 6 or 9 digits, as every protobuf library writes them.
    private static string Fraction(int nanoseconds) => nanoseconds switch
    {
        0 => "",
        _ when nanoseconds % 1_000_000 == 0 => $".{nanoseconds / 1_000_000:D3}",
        _ when nanoseconds % 1_000 == 0 => $".{nanoseconds / 1_000:D6}",
        _ => $".{nanoseconds:D9}",
    };

    private static bool TryTakeFraction(ref ReadOnlySpan<char> text, out int nanoseconds)
    {
        nanoseconds = 0;
        if (text.IsEmpty || text[0] != '.')
            return true;
        text = text[1..];
        int digits = text.IndexOfAnyExceptInRange('0', '9') is >= 0 and var end ? end : text.Length;
        if (digits is 0 or > FractionDigitsMaximum)
            return false;
        nanoseconds = int.Parse(text[..digits]);
        for (int missing = FractionDigitsMaximum - digits; missing > 0; missing--)
            nanoseconds *= 10;
        text = text[digits..];
        return true;
    }

    private static bool TryOffset(ReadOnlySpan<char> text, out int minutes)
    {
        minutes = 0;
        if (text is "Z" or "z")
            return true;
        if (text.Length != 6 || text[0] is not ('+' or '-') || text[3] != ':'
            || !TryDigits(text[1..3], 0, 23, out int hours) || !TryDigits(text[4..], 0, 59, out minutes))
            return false;
        minutes = ((hours * 60) + minutes) * (text[0] == '-' ? -1 : 1);
        return true;
    }

    private static bool TryDigits(ReadOnlySpan<char> text, int minimum, int maximum, out int value)
    {
        value = 0;
        return text.IndexOfAnyExceptInRange('0', '9') < 0 && int.TryParse(text, out value) && value >= minimum && value <= maximum;
    }
}
