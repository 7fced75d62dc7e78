using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Metering.Contracts.V1;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>From when on records are too young to be archived, as a request says it: as an age, or as a moment.</summary>
internal static class ArchiveMoment
{
    /// <summary>Reads the moment.</summary>
    /// <param name="request">The request.</param>
    /// <param name="clock">What ages are counted from.</param>
    /// <param name="acceptance">The acceptance window and the future tolerance together.</param>
    /// <param name="acceptedBefore">The moment, in nanoseconds since 1970.</param>
    /// <returns>What is wrong with it; null when nothing is.</returns>
    public static FieldFault? Read(CreateArchiveRequest request, MeteringClock clock, TimeSpan acceptance, out long acceptedBefore)
    {
        acceptedBefore = 0;
        if (request.OlderThan is null == request.AcceptedBefore is null)
            return new("older_than", "or accepted_before must be given, and not both");
        string field = request.OlderThan is not null ? "older_than" : "accepted_before";
        DateTimeOffset now = MeteringClock.ToDateTimeOffset(clock.ReadUnixNanoseconds());
        TimeSpan? age = request.OlderThan is not null ? AgeOf(request.OlderThan) : AgeOf(now, request.AcceptedBefore!);
        TimeSpan youngest = acceptance > Limits.ArchiveAgeMinimum ? acceptance : Limits.ArchiveAgeMinimum;
        if (age is not { } found || found > Limits.ArchiveAgeMaximum || found < youngest)
        {
            return new(field, $"reaches records of another age than can be archived: {Text(youngest)} at least "
                + $"(a day, or the acceptance window and the future tolerance together), {Text(Limits.ArchiveAgeMaximum)} at most");
        }

        // To the nanosecond, so that the moment of one answer is the same in the next request.
        acceptedBefore = request.AcceptedBefore is { } moment
            ? (moment.Seconds * 1_000_000_000) + moment.Nanos
            : MeteringClock.ToUnixNanoseconds(now - found);
        return null;
    }

    private static TimeSpan? AgeOf(Duration given) =>
        given.Seconds is >= -Duration.MaxSeconds and <= Duration.MaxSeconds && given.Nanos is > -1_000_000_000 and < 1_000_000_000
            && Math.Sign(given.Seconds) * Math.Sign(given.Nanos) >= 0
            ? given.ToTimeSpan() : null;

    private static TimeSpan? AgeOf(DateTimeOffset now, Timestamp moment) =>
        moment.Seconds is >= -62_135_596_800 and <= 253_402_300_799 && moment.Nanos is >= 0 and < 1_000_000_000
            ? now - moment.ToDateTimeOffset() : null;

    private static string Text(TimeSpan age) => age.Ticks % TimeSpan.TicksPerDay == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{age.TotalDays} d")
        : string.Create(CultureInfo.InvariantCulture, $"{age.TotalHours:0.###} h");
}
