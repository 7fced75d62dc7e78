using Google.Protobuf.WellKnownTypes;

namespace Metering.Server;

/// <summary>Moments as messages have them.</summary>
internal static class Moments
{
    private const long MinimumSeconds = -62_135_596_800; // 0001-01-01T00:00:00Z
    private const long MaximumSeconds = 253_402_300_799; // 9999-12-31T23:59:59Z
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>A moment as it was sent; null when there is no such moment.</summary>
    public static Timestamp? OrNothing(long seconds, int nanoseconds) =>
        seconds is >= MinimumSeconds and <= MaximumSeconds && nanoseconds is >= 0 and < (int)NanosecondsPerSecond
            ? new Timestamp { Seconds = seconds, Nanos = nanoseconds }
            : null;

    /// <summary>
    /// Nanoseconds since 1970-01-01T00:00:00Z; the first or last that 64 bits hold for a moment beyond them, and
    /// <paramref name="whenMissing"/> for none.
    /// </summary>
    public static long ToUnixNanoseconds(Timestamp? moment, long whenMissing) =>
        moment is null ? whenMissing
        : (long)Int128.Clamp(((Int128)moment.Seconds * NanosecondsPerSecond) + moment.Nanos, long.MinValue, long.MaxValue);
}
