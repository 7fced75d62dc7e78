using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Metering.Server;

/// <summary>Makes the certificates of the local authority. ECDSA P-256 throughout.</summary>
internal static class CertificateMaker
{
    private const int SerialBytes = 16;
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    /// <summary>Validity begins this much earlier than now, for clients whose clocks are behind.</summary>
    public static readonly TimeSpan Backdating = TimeSpan.FromHours(1);

    /// <summary>How long the authority is valid.</summary>
    public static readonly TimeSpan AuthorityLifetime = TimeSpan.FromDays(3652);

    /// <summary>How long a server certificate is valid: the most that clients accept is 398 days.</summary>
    public static readonly TimeSpan ServerLifetime = TimeSpan.FromDays(397);

    /// <summary>A self-signed authority, which can sign server certificates and no further authorities.</summary>
    public static X509Certificate2 MakeAuthority(ECDsa key, string hostName, DateTimeOffset now)
    {
        // The random part keeps two authorities of one host apart in a client's store.
        string name = $"Marketplace Metering local CA {hostName} {Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}";
        CertificateRequest request = Request(name, key);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, critical: true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request.CreateSelfSigned(now - Backdating, now - Backdating + AuthorityLifetime);
    }

    /// <summary>A server certificate for some names, signed by the authority; without its key.</summary>
    public static X509Certificate2 MakeServer(ECDsa key, X509Certificate2 authority, IReadOnlyList<string> names, DateTimeOffset now)
    {
        CertificateRequest request = Request("Marketplace Metering", key);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ServerAuthentication)], critical: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, true, false));
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (string name in names)
        {
            if (IPAddress.TryParse(name, out IPAddress? address))
                alternatives.AddIpAddress(address);
            else
                alternatives.AddDnsName(name);
        }

        request.CertificateExtensions.Add(alternatives.Build());
        DateTimeOffset from = Later(now - Backdating, new DateTimeOffset(authority.NotBefore.ToUniversalTime()));
        DateTimeOffset to = Earlier(from + ServerLifetime, new DateTimeOffset(authority.NotAfter.ToUniversalTime()));
        return request.Create(authority, from, to, RandomNumberGenerator.GetBytes(SerialBytes));
    }

    /// <summary>The names that a certificate is for, as <see cref="MakeServer"/> takes them.</summary>
    public static IReadOnlyCollection<string> NamesOf(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault() is { } alternatives
            ? [.. alternatives.EnumerateDnsNames(), .. alternatives.EnumerateIPAddresses().Select(address => address.ToString())]
            : [];

    private static CertificateRequest Request(string commonName, ECDsa key)
    {
        var name = new X500DistinguishedNameBuilder();
        name.AddCommonName(commonName.Length <= 64 ? commonName : commonName[..55] + commonName[^9..]);
        return new CertificateRequest(name.Build(), key, HashAlgorithmName.SHA256);
    }

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;
}
