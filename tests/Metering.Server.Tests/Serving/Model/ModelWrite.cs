namespace Metering.Server.Tests;

/// <summary>A record as a test means it; the wire has its own form of it.</summary>
/// <param name="Uuid">Any text.</param>
/// <param name="Sku">Any text.</param>
/// <param name="Quantity">Any number.</param>
/// <param name="Moment">Seconds since 1970 and nanoseconds, any; null for none.</param>
internal sealed record ModelRecord(string Uuid, string Sku, long Quantity, (long Seconds, int Nanoseconds)? Moment);

/// <summary>A Write request as a test means it.</summary>
/// <param name="Account">The account that sends it.</param>
/// <param name="IsImage">Through ImageProductUsageService, else ProductUsageService.</param>
/// <param name="Target">The product, or the product instance.</param>
/// <param name="DryRun">Judge only.</param>
/// <param name="Records">1 to 25.</param>
internal sealed record ModelWrite(string Account, bool IsImage, string Target, bool DryRun, IReadOnlyList<ModelRecord> Records)
{
    /// <summary>Whether JSON can say it: a moment out of protobuf's range has no text.</summary>
    public bool HasJson => Records.All(record => record.Moment is not { } moment
        || (moment.Seconds is >= -62_135_596_800 and <= 253_402_300_799 && moment.Nanoseconds is >= 0 and < 1_000_000_000));
}

/// <summary>The answer to a Write: uuids accepted, uuids rejected with the reason, each in order.</summary>
internal sealed record ModelAnswer(IReadOnlyList<string> Accepted, IReadOnlyList<string> Rejected);
