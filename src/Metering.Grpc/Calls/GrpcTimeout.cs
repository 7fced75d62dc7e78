using Microsoft.Extensions.Primitives;

namespace Metering.Grpc;

/// <summary>The <c>grpc-timeout</c> header: 1 to 8 digits and a unit.</summary>
internal static class GrpcTimeout
{
    public const string HeaderName = "grpc-timeout";

    private const int DigitsMaximum = RpcLimits.TimeoutDigits;

    /// <summary>Null when there is no timeout; false when there is one that is malformed.</summary>
    public static bool TryParse(StringValues header, out TimeSpan? timeout)
    {
        timeout = null;
        if (header.Count == 0)
            return true;
        string? text = header.Count == 1 ? header[0] : null;
        if (text is null || text.Length is < 2 or > DigitsMaximum + 1)
            return false;

        long amount = 0;
        foreach (char digit in text.AsSpan(0, text.Length - 1))
        {
            if (!char.IsAsciiDigit(digit))
                return false;
            amount = (amount * 10) + (digit - '0');
        }

        // Rounded up: a positive timeout never becomes none at all.
        long? ticks = text[^1] switch
        {
            'H' => amount * TimeSpan.TicksPerHour,
            'M' => amount * TimeSpan.TicksPerMinute,
            'S' => amount * TimeSpan.TicksPerSecond,
            'm' => amount * TimeSpan.TicksPerMillisecond,
            'u' => amount * TimeSpan.TicksPerMicrosecond,
            'n' => (amount + TimeSpan.NanosecondsPerTick - 1) / TimeSpan.NanosecondsPerTick,
            _ => null,
        };
        timeout = ticks is { } value ? TimeSpan.FromTicks(value) : null;
        return ticks is not null;
    }
}
