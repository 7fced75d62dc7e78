using System.Security.Authentication;

namespace Metering.Client;

/// <summary>Turns a transport's failure into words: what failed, where, and what to try.</summary>
internal static class ConnectionFaults
{
    // HTTP/2's error codes of the same names.
    private const long ProtocolError = 1;
    private const long Http11Required = 13;

    private const string Advice = "is this the server's gRPC address, with the right scheme and port?";

    /// <summary>Describes a failed exchange with the server.</summary>
    /// <param name="fault">What the transport says.</param>
    /// <param name="address">The server's address.</param>
    /// <param name="hasAnswered">Whether it ever answered: if so, the address is right.</param>
    public static MeteringException Describe(HttpRequestException fault, Uri address, bool hasAnswered)
    {
        string where = address.GetLeftPart(UriPartial.Authority);
        return fault.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError => NotConnected(
                fault, $"The host name '{address.Host}' of {where} is unknown: check the address."),
            HttpRequestError.ConnectionError when Innermost(fault) is AuthenticationException => Untrusted(fault, where),
            HttpRequestError.ConnectionError => NotConnected(
                fault, $"Nothing listens on {where}: is `metering serve` running, and is this its address? ({Innermost(fault).Message})"),
            HttpRequestError.SecureConnectionError => Untrusted(fault, where),
            // A stream that was reset was understood; a protocol error means that the other side speaks something else.
            HttpRequestError.HttpProtocolError when fault.InnerException is HttpProtocolException
            {
                ErrorCode: not (ProtocolError or Http11Required),
            } => Broken(fault, where, hasAnswered),
            HttpRequestError.HttpProtocolError or HttpRequestError.InvalidResponse or HttpRequestError.VersionNegotiationError => new(
                GrpcStatusCode.Unavailable, $"{where} does not speak gRPC {(address.Scheme == "https" ? "over TLS" : "without TLS")}: "
                    + $"{Advice} ({Innermost(fault).Message})", fault)
            {
                Stage = ConnectionStage.Misconfigured,
                OutcomeIsUnknown = true,
            },
            _ => Broken(fault, where, hasAnswered),
        };
    }

    /// <summary>
    /// The connection broke while the answer was read. A server of another kind may do that too: it closes what it does not
    /// understand, and the reset overtakes the words that say so.
    /// </summary>
    public static MeteringException Broken(Exception fault, string where, bool hasAnswered) => new(
        GrpcStatusCode.Unavailable,
        $"The connection to {where} broke before the answer came: {Innermost(fault).Message}"
            + (hasAnswered ? "" : $" If it always does: {Advice}"),
        fault)
    { OutcomeIsUnknown = true };

    /// <summary>No connection within the time allowed.</summary>
    public static MeteringException ConnectTimedOut(Exception fault, Uri address, TimeSpan connectTimeout) => NotConnected(
        fault,
        $"No connection to {address.GetLeftPart(UriPartial.Authority)} within {connectTimeout.TotalSeconds:0.#} s: "
            + "check the address, and firewalls on the way.");

    private static MeteringException NotConnected(Exception fault, string message) =>
        new(GrpcStatusCode.Unavailable, message, fault) { Stage = ConnectionStage.NotConnected };

    private static MeteringException Untrusted(Exception fault, string where)
    {
        string cause = Innermost(fault).Message;
        bool isCertificate = cause.Contains("certificate", StringComparison.OrdinalIgnoreCase);
        return new(
            GrpcStatusCode.Unavailable,
            isCertificate
                ? $"The certificate of {where} is not trusted: pass --ca FILE (CertificateAuthorityFile) "
                    + $"with the authority that signed it. ({cause})"
                : $"No TLS connection to {where}: does the server speak TLS on this port? ({cause})",
            fault)
        { Stage = ConnectionStage.Misconfigured };
    }

    private static Exception Innermost(Exception fault)
    {
        while (fault.InnerException is { } inner)
            fault = inner;
        return fault;
    }
}
