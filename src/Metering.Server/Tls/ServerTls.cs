using System.Security.Cryptography;

namespace Metering.Server;

/// <summary>The certificate that a server shows: the operator's own, or one of the local authority.</summary>
internal static class ServerTls
{
    /// <summary>Loads or makes the certificate.</summary>
    /// <exception cref="StartException">A file cannot be used, or there is no name for the certificate.</exception>
    public static ServerCertificate Open(ServerOptions options, string dataDirectory, TimeProvider time)
    {
        try
        {
            return options.TlsCertificate is { } certificate
                ? ServerCertificate.Load(certificate, options.TlsKey!, time)
                : new LocalCertificateAuthority(dataDirectory, Environment.MachineName, time).LoadOrCreate(options.Advertise);
        }
        catch (Exception fault) when (fault is UnusableFileException or FormatException or CryptographicException)
        {
            throw new StartException($"No certificate for TLS: {fault.Message}", fault);
        }
    }
}
