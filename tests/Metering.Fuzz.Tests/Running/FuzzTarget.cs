using System.Net;

namespace Metering.Fuzz.Tests;

/// <summary>Who is sent the inputs.</summary>
/// <param name="Http1">Where HTTP/1.1 is spoken.</param>
/// <param name="Http2">Where HTTP/2 is spoken.</param>
/// <param name="Log">What it logs.</param>
/// <param name="Patience">How long an answer may take.</param>
internal sealed record FuzzTarget(IPEndPoint Http1, IPEndPoint Http2, CapturedLog Log, TimeSpan Patience)
{
    /// <summary>Far beyond what any answer takes on a loaded machine.</summary>
    public static readonly TimeSpan LongPatience = TimeSpan.FromSeconds(30);
}
