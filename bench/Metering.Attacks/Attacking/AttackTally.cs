using System.Collections.Concurrent;

namespace Metering.Attacks;

/// <summary>What an attacker did and what the server did about it. Counted by many connections at once.</summary>
internal sealed class AttackTally
{
    private long _units;
    private long _bytes;
    private long _opened;
    private long _closed;
    private long _unconnected;
    private long _refusedStreams;

    /// <summary>Units of the attack that were sent: frames, requests, connections.</summary>
    public long Units => Interlocked.Read(ref _units);

    /// <summary>Bytes sent.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>Connections that were opened.</summary>
    public long Opened => Interlocked.Read(ref _opened);

    /// <summary>Connections that the server ended.</summary>
    public long Closed => Interlocked.Read(ref _closed);

    /// <summary>Connections that could not be opened.</summary>
    public long Unconnected => Interlocked.Read(ref _unconnected);

    /// <summary>Streams that the server ended by RST_STREAM.</summary>
    public long RefusedStreams => Interlocked.Read(ref _refusedStreams);

    /// <summary>Connections that the server ended with GOAWAY, by its error code (RFC 9113, section 7).</summary>
    public ConcurrentDictionary<uint, long> GoAways { get; } = new();

    public void CountUnits(long count) => Interlocked.Add(ref _units, count);

    public void CountSent(long bytes) => Interlocked.Add(ref _bytes, bytes);

    public void CountOpened() => Interlocked.Increment(ref _opened);

    public void CountClosed() => Interlocked.Increment(ref _closed);

    public void CountUnconnected() => Interlocked.Increment(ref _unconnected);

    public void CountRefusedStream() => Interlocked.Increment(ref _refusedStreams);

    public void CountGoAway(uint code) => GoAways.AddOrUpdate(code, 1, (_, count) => count + 1);

    /// <summary>The counts as they are now.</summary>
    public AttackCounts Now(double seconds) => new(
        seconds, Units, Bytes, Opened, Closed, Unconnected, RefusedStreams, GoAways.OrderBy(entry => entry.Key).ToDictionary());
}

/// <summary>An attacker's counts, with the time that they took.</summary>
internal sealed record AttackCounts(
    double Seconds, long Units, long Bytes, long Opened, long Closed, long Unconnected, long RefusedStreams, Dictionary<uint, long> GoAways)
{
    /// <summary>What was done in all rounds of an attack.</summary>
    public static AttackCounts Sum(IReadOnlyList<AttackCounts> rounds) => new(
        rounds.Sum(round => round.Seconds), rounds.Sum(round => round.Units), rounds.Sum(round => round.Bytes), rounds.Sum(round => round.Opened),
        rounds.Sum(round => round.Closed), rounds.Sum(round => round.Unconnected), rounds.Sum(round => round.RefusedStreams),
        rounds.SelectMany(round => round.GoAways).GroupBy(entry => entry.Key).ToDictionary(code => code.Key, code => code.Sum(entry => entry.Value)));

    public double UnitsPerSecond => Units / Seconds;

    public double ConnectionsPerSecond => Opened / Seconds;

    public double BytesPerSecond => Bytes / Seconds;
}
