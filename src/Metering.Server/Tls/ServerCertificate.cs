using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Metering.Server;

/// <summary>The certificate that the server shows, with its key and the certificates between it and its authority.</summary>
public sealed class ServerCertificate : IDisposable
{
    private const string CertificateLabel = "CERTIFICATE";

    internal ServerCertificate(X509Certificate2 certificate, X509Certificate2Collection intermediates, string? authorityPath)
    {
        Certificate = certificate;
        Intermediates = intermediates;
        AuthorityPath = authorityPath;
    }

    /// <summary>The certificate, with its private key.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>What is sent along with it; empty for the local authority, whose certificate clients have.</summary>
    public X509Certificate2Collection Intermediates { get; }

    /// <summary>The file that clients have to trust; null when the certificate is the user's own.</summary>
    public string? AuthorityPath { get; }

    /// <summary>When the certificate ends.</summary>
    public DateTimeOffset NotAfter => new(Certificate.NotAfter.ToUniversalTime());

    /// <summary>What a listener needs; made without asking any network for more certificates.</summary>
    public SslStreamCertificateContext ToStreamContext() => SslStreamCertificateContext.Create(Certificate, Intermediates, offline: true);

    /// <summary>Loads a certificate and its key, both PEM. Further certificates in the first file are sent along.</summary>
    /// <exception cref="UnusableFileException">A file is missing, is not what it should be, the two do not belong together,
    /// or the certificate is not valid now.</exception>
    public static ServerCertificate Load(string certificatePath, string keyPath, TimeProvider time)
    {
        X509Certificate2Collection chain = ReadCertificates(certificatePath);
        string key = ReadKey(keyPath);
        using X509Certificate2 first = chain[0];
        chain.RemoveAt(0);
        if (Combine(first, key) is not { } certificate)
            throw new UnusableFileException(keyPath, $"this key does not belong to the certificate in {certificatePath} ({first.Subject})");
        if (ValidityFault(certificate, time.GetUtcNow()) is not { } fault)
            return new ServerCertificate(certificate, chain, null);
        certificate.Dispose();
        throw new UnusableFileException(certificatePath, fault);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Certificate.Dispose();
        foreach (X509Certificate2 intermediate in Intermediates)
            intermediate.Dispose();
    }

    /// <summary>Why a certificate is not valid now; null when it is.</summary>
    internal static string? ValidityFault(X509Certificate2 certificate, DateTimeOffset now)
    {
        (DateTime from, DateTime to) = (certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
        if (now.UtcDateTime >= to)
            return $"the certificate expired at {to:yyyy-MM-ddTHH:mm:ssZ}; put a new one in its place";
        return now.UtcDateTime < from
            ? $"the certificate is not valid before {from:yyyy-MM-ddTHH:mm:ssZ}; is this machine's clock right?"
            : null;
    }

    /// <summary>The certificate with its key; null when the two do not belong together.</summary>
    internal static X509Certificate2? Combine(X509Certificate2 certificate, string keyPem)
    {
        try
        {
            return X509Certificate2.CreateFromPem(certificate.ExportCertificatePem(), keyPem);
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            return null;
        }
    }

    internal static X509Certificate2Collection ReadCertificates(string path)
    {
        string pem = DurableFile.Read(path);
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(pem);
        }
        catch (CryptographicException exception)
        {
            throw new UnusableFileException(path, $"a certificate in it cannot be read: {exception.Message}", exception);
        }

        return certificates.Count > 0
            ? certificates
            : throw new UnusableFileException(path, $"there is no certificate in it (-----BEGIN {CertificateLabel}----- …)");
    }

    private static string ReadKey(string path)
    {
        string pem = DurableFile.Read(path);
        if (!PemEncoding.TryFind(pem, out _) || !pem.Contains("PRIVATE KEY", StringComparison.Ordinal))
            throw new UnusableFileException(path, "there is no private key in it (-----BEGIN PRIVATE KEY----- …)");
        return pem.Contains("ENCRYPTED", StringComparison.Ordinal)
            ? throw new UnusableFileException(path, "the private key is encrypted; decrypt it first: openssl pkey -in KEY -out PLAIN")
            : pem;
    }
}
