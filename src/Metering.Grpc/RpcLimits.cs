namespace Metering.Grpc;

/// <summary>Every limit that this layer keeps by itself, with its unit. The limits of messages are given with each method.</summary>
public static class RpcLimits
{
    /// <summary>
    /// Bytes of its request that a call holds without being charged to <see cref="ICallBudget"/>: one block of the server's
    /// memory, which the call has anyway.
    /// </summary>
    public const int UnchargedBytes = 4096;

    /// <summary>Most digits of <c>grpc-timeout</c>, by the protocol; more are malformed.</summary>
    public const int TimeoutDigits = 8;

    /// <summary>Most bytes of a block of trailers, what every client takes.</summary>
    public const int TrailerBlockBytes = 8192;

    /// <summary>Most bytes of the trailers that a handler adds, together; one more is a fault of the handler.</summary>
    public const int AddedTrailerBytes = 2048;

    /// <summary>Longest <c>grpc-message</c>, in characters after percent-encoding; the rest is cut off.</summary>
    public const int StatusMessageCharacters = 1800;

    /// <summary>Most bytes of <c>grpc-status-details-bin</c> before base64; details give way beyond.</summary>
    public const int StatusDetailBytes = 4500;

    /// <summary>Longest message within the status details, in characters; the rest is cut off.</summary>
    public const int StatusDetailMessageCharacters = 512;

    /// <summary>Deepest nesting of a JSON body, in objects and arrays.</summary>
    public const int JsonDepth = 64;

    /// <summary>Largest exponent of a number in JSON that stands for an integer.</summary>
    public const int JsonExponent = 100_000;

    /// <summary>Longest part of a faulty value that a message repeats, in characters.</summary>
    public const int ShownValueCharacters = 64;

    /// <summary>Largest request message of the health service, in bytes.</summary>
    public const int HealthRequestBytes = 4096;

    /// <summary>Largest request message of the reflection services, in bytes.</summary>
    public const int ReflectionRequestBytes = 16 * 1024;
}
