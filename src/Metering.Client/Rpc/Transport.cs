using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Metering.Client;

/// <summary>The HTTP/2 transport: how to connect, whom to trust, and what to show.</summary>
internal static class Transport
{
    /// <summary>Makes the handler for the options' address.</summary>
    /// <exception cref="InvalidClientOptionsException">A file of certificates or keys cannot be used.</exception>
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
        if (address.Scheme != "https")
            return handler;
        if (options.CertificateAuthorityFile is { } file)
            handler.SslOptions.CertificateChainPolicy = Trust(file);
        if (options is { ClientCertificateFile: { } certificate, ClientKeyFile: { } key })
            handler.SslOptions.ClientCertificateContext = Show(certificate, key);
        return handler;
    }

    private static SslStreamCertificateContext Show(string certificateFile, string keyFile)
    {
        try
        {
            string chainPem = File.ReadAllText(certificateFile);
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(chainPem);
            return SslStreamCertificateContext.Create(X509Certificate2.CreateFromPem(chainPem, File.ReadAllText(keyFile)), chain, offline: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new InvalidClientOptionsException([$"The client certificate or its key cannot be read: {fault.Message}"]);
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException)
        {
            throw new InvalidClientOptionsException(
                [$"{certificateFile} and {keyFile} are not a certificate and its unencrypted key, in PEM: {fault.Message}"]);
        }
    }

    private static X509ChainPolicy Trust(string file)
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
        return policy;
    }
}
