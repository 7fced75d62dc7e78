using Metering.Ledger;

namespace Metering.Server;

/// <summary>The limits of the wire that tests make small or short, each <see cref="Limits"/>' unless set otherwise.</summary>
internal sealed record WireBounds
{
    /// <inheritdoc cref="Limits.RequestsInFlight"/>
    public int RequestsInFlight { get; init; } = Limits.RequestsInFlight;

    /// <inheritdoc cref="Limits.RequestsInFlightPerAddress"/>
    public int RequestsInFlightPerAddress { get; init; } = Limits.RequestsInFlightPerAddress;

    /// <inheritdoc cref="Limits.RefusalsInFlight"/>
    public int RefusalsInFlight { get; init; } = Limits.RefusalsInFlight;

    /// <inheritdoc cref="Limits.StreamingCalls"/>
    public int StreamingCalls { get; init; } = Limits.StreamingCalls;

    /// <inheritdoc cref="Limits.StreamingCallsPerAddress"/>
    public int StreamingCallsPerAddress { get; init; } = Limits.StreamingCallsPerAddress;

    /// <inheritdoc cref="Limits.MessageBytesInFlight"/>
    public long MessageBytesInFlight { get; init; } = Limits.MessageBytesInFlight;

    /// <inheritdoc cref="Limits.MessageBytesInFlightPerAddress"/>
    public long MessageBytesInFlightPerAddress { get; init; } = Limits.MessageBytesInFlightPerAddress;

    /// <inheritdoc cref="Limits.RequestHeadersTime"/>
    public TimeSpan RequestHeadersTime { get; init; } = Limits.RequestHeadersTime;

    /// <inheritdoc cref="Limits.HandshakeTime"/>
    public TimeSpan HandshakeTime { get; init; } = Limits.HandshakeTime;

    /// <inheritdoc cref="Limits.IdleTime"/>
    public TimeSpan IdleTime { get; init; } = Limits.IdleTime;

    /// <inheritdoc cref="Limits.PingInterval"/>
    public TimeSpan PingInterval { get; init; } = Limits.PingInterval;

    /// <inheritdoc cref="Limits.PingTime"/>
    public TimeSpan PingTime { get; init; } = Limits.PingTime;

    /// <inheritdoc cref="Limits.FloodPause"/>
    public TimeSpan FloodPause { get; init; } = Limits.FloodPause;

    /// <inheritdoc cref="Limits.DataRateGrace"/>
    public TimeSpan DataRateGrace { get; init; } = Limits.DataRateGrace;
}
