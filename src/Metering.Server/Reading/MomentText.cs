using System.Globalization;
using System.Runtime.CompilerServices;

namespace Metering.Server;

/// <summary>Writes moments as RFC 3339 in UTC, exact: with no digits of a fraction, or with three, six or nine. Remembers the day.</summary>
internal sealed class MomentText
{
    /// <summary>Most bytes that one takes.</summary>
    public const int BytesAtMost = 30;

    private const long NanosecondsPerSecond = 1_000_000_000;
    private const long NanosecondsPerDay = 86_400 * NanosecondsPerSecond;
    private const int DateBytes = 11; // with the T

    private readonly byte[] _date = new byte[DateBytes];
    private long _day = long.MinValue;

    /// <summary>Writes a moment, and says how many bytes it took.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // an export is over before the runtime would have come to it
    public int Write(long unixNanoseconds, Span<byte> target)
    {
        (long day, long rest) = Math.DivRem(unixNanoseconds, NanosecondsPerDay);
        if (rest < 0)
            (day, rest) = (day - 1, rest + NanosecondsPerDay);
        if (day != _day)
        {
            DateTime date = DateTime.UnixEpoch.AddDays(day);
            date.TryFormat(_date, out _, "yyyy-MM-dd'T'", CultureInfo.InvariantCulture);
            _day = day;
        }

        _date.CopyTo(target);
        (long seconds, long nanoseconds) = Math.DivRem(rest, NanosecondsPerSecond);
        PutTwo(target[11..], (int)(seconds / 3600));
        target[13] = (byte)':';
        PutTwo(target[14..], (int)(seconds / 60 % 60));
        target[16] = (byte)':';
        PutTwo(target[17..], (int)(seconds % 60));
        int length = 19 + PutFraction(target[19..], (int)nanoseconds);
        target[length] = (byte)'Z';
        return length + 1;
    }

    private static int PutFraction(Span<byte> target, int nanoseconds)
    {
        if (nanoseconds == 0)
            return 0;
        target[0] = (byte)'.';
        int digits = nanoseconds % 1_000 != 0 ? 9 : nanoseconds % 1_000_000 != 0 ? 6 : 3;
        int value = digits == 9 ? nanoseconds : digits == 6 ? nanoseconds / 1_000 : nanoseconds / 1_000_000;
        for (int place = digits; place > 0; place--, value /= 10)
            target[place] = (byte)('0' + (value % 10));
        return 1 + digits;
    }

    private static void PutTwo(Span<byte> target, int value)
    {
        target[0] = (byte)('0' + (value / 10));
        target[1] = (byte)('0' + (value % 10));
    }
}
