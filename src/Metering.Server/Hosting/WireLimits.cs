using Metering.Ledger;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Metering.Server;

/// <summary>What one connection may take: <see cref="Limits"/>, told to Kestrel, which enforces them.</summary>
internal static class WireLimits
{
    /// <summary>Sets every limit of a connection and of a request that Kestrel knows.</summary>
    public static void Apply(KestrelServerLimits kestrel, WireBounds bounds)
    {
        // Kestrel would count each listener by itself: ConnectionGate counts them together.
        kestrel.MaxConcurrentConnections = null;
        kestrel.MaxRequestLineSize = Limits.RequestLineBytes;
        kestrel.MaxRequestHeadersTotalSize = Limits.RequestHeadersBytes;
        kestrel.MaxRequestHeaderCount = Limits.RequestHeaders;
        kestrel.MaxRequestBufferSize = Limits.RequestBufferBytes;
        kestrel.MaxResponseBufferSize = Limits.ResponseBufferBytes;
        kestrel.MaxRequestBodySize = Limits.MessageBytes; // each method has its own limit instead
        kestrel.RequestHeadersTimeout = bounds.RequestHeadersTime;
        kestrel.KeepAliveTimeout = bounds.IdleTime;
        kestrel.MinRequestBodyDataRate = new MinDataRate(Limits.RequestBytesPerSecond, bounds.DataRateGrace);
        kestrel.MinResponseDataRate = new MinDataRate(Limits.ResponseBytesPerSecond, bounds.DataRateGrace);

        Http2Limits http2 = kestrel.Http2;
        http2.MaxStreamsPerConnection = Limits.StreamsPerConnection;
        http2.MaxFrameSize = Limits.FrameBytes;
        http2.MaxRequestHeaderFieldSize = Limits.RequestHeaderFieldBytes;
        http2.HeaderTableSize = Limits.HeaderTableBytes;
        http2.InitialStreamWindowSize = Limits.StreamWindowBytes;
        http2.InitialConnectionWindowSize = Limits.ConnectionWindowBytes;
        http2.KeepAlivePingDelay = bounds.PingInterval;
        http2.KeepAlivePingTimeout = bounds.PingTime;
    }
}
