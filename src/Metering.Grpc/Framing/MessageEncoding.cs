using Microsoft.Extensions.Primitives;

namespace Metering.Grpc;

/// <summary>How a peer compresses the messages that it flags as compressed.</summary>
internal enum MessageEncoding
{
    Identity,
    Gzip,
}

/// <summary>The <c>grpc-encoding</c> header.</summary>
internal static class MessageEncodings
{
    public const string HeaderName = "grpc-encoding";
    public const string AcceptHeaderName = "grpc-accept-encoding";

    /// <summary>Value of <c>grpc-accept-encoding</c>: everything that <see cref="TryParse"/> takes.</summary>
    public static readonly StringValues Accepted = "identity,gzip";

    public static readonly StringValues Gzip = "gzip";

    /// <summary>Whether the peer's <c>grpc-accept-encoding</c> names gzip.</summary>
    public static bool AcceptsGzip(StringValues header)
    {
        foreach (string? value in header)
        {
            ReadOnlySpan<char> names = value;
            foreach (Range name in names.Split(','))
            {
                if (names[name].Trim() is "gzip")
                    return true;
            }
        }

        return false;
    }

    public static bool TryParse(StringValues header, out MessageEncoding encoding)
    {
        encoding = MessageEncoding.Identity;
        if (header.Count == 0)
            return true;
        string? name = header.Count == 1 ? header[0] : null;
        if (string.Equals(name, "gzip", StringComparison.Ordinal))
            encoding = MessageEncoding.Gzip;
        else if (!string.Equals(name, "identity", StringComparison.Ordinal))
            return false;
        return true;
    }
}
