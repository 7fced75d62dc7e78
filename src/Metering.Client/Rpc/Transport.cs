using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Metering.Client;

/// <summary>The HTTP/2 transport: how to connect, and whom to trust.</summary>
internal static class Transport
{
    /// <summary>Makes the handler for the options' address.</summary>
    /// <exception cref="InvalidClientOptionsException">The file of authorities cannot be used.</exception>
    public static SocketsHttpHandler Create(MeteringClientOptions options, Uri address)
    {
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = options.ConnectTimeout,
            EnableMultipleHttp2Connections = true,
            AutomaticDecompression = DecompressionMethods.None,
            AllowAutoRedirect = false,
            UseCookies = false,
            // No proxy carries HTTP/2 without TLS, and none stands between this machine and itself.
            UseProxy = address.Scheme == "https" && !address.IsLoopback,
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(10),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        };
        if (options.CertificateAuthorityFile is { } file && address.Scheme == "https")
            handler.SslOptions = Trust(file);
        return handler;
    }

    private static SslClientAuthenticationOptions Trust(string file)
    {
        var authorities = new X509Certificate2Collection();
        try
        {
            authorities.ImportFromPemFile(file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new InvalidClientOptionsException([$"The certificate authority file {file} cannot be read: {fault.Message}"]);
        }

        if (authorities.Count == 0)
            throw new InvalidClientOptionsException([$"The certificate authority file {file} holds no certificate: expected PEM."]);

        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            // A local authority publishes no revocation lists.
            RevocationMode = X509RevocationMode.NoCheck,
        };
        policy.CustomTrustStore.AddRange(authorities);
        return new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
    }
}
