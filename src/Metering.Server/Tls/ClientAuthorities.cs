using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Metering.Server;

/// <summary>The authorities whose certificates make a client an administrator.</summary>
internal sealed class ClientAuthorities
{
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private readonly X509Certificate2Collection _authorities;

    private ClientAuthorities(X509Certificate2Collection authorities) => _authorities = authorities;

    /// <summary>Reads them; every certificate in the file (PEM) is one.</summary>
    /// <exception cref="UnusableFileException">The file cannot be read, holds no certificate, or one that is not valid now.</exception>
    public static ClientAuthorities Load(string path, TimeProvider time)
    {
        X509Certificate2Collection authorities = ServerCertificate.ReadCertificates(path);
        foreach (X509Certificate2 authority in authorities)
        {
            if (ServerCertificate.ValidityFault(authority, time.GetUtcNow()) is { } fault)
                throw new UnusableFileException(path, fault);
        }

        return new ClientAuthorities(authorities);
    }

    /// <summary>Whether the certificate is one of theirs, for clients, and valid now. Nothing is fetched from any network.</summary>
    public bool Vouch(X509Certificate2 certificate, DateTimeOffset now)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        chain.ChainPolicy.ExtraStore.AddRange(_authorities);
        chain.ChainPolicy.ApplicationPolicy.Add(new Oid(ClientAuthentication));
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return chain.Build(certificate);
    }
}
