using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Metering.Server.Tests;

/// <summary>An authority in memory, and certificates of its, made for a test.</summary>
internal sealed class TestCertificates : IDisposable
{
    public const string ForServers = "1.3.6.1.5.5.7.3.1";
    public const string ForClients = "1.3.6.1.5.5.7.3.2";

    private static readonly DateTimeOffset From = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public TestCertificates() => Authority = CertificateMaker.MakeAuthority(_key, "test", From);

    public X509Certificate2 Authority { get; }

    /// <summary>A certificate with its key.</summary>
    public X509Certificate2 Make(string usage, DateTimeOffset? until = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], critical: false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 made = request.Create(Authority, From, until ?? From.AddYears(5), RandomNumberGenerator.GetBytes(16));
        return made.CopyWithPrivateKey(key);
    }

    /// <summary>Writes a new server certificate and its key.</summary>
    /// <returns>Its thumbprint.</returns>
    public string WriteServer(string certificatePath, string keyPath)
    {
        using X509Certificate2 made = Make(ForServers);
        File.WriteAllText(keyPath, made.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(certificatePath, made.ExportCertificatePem());
        return made.Thumbprint;
    }

    public void Dispose()
    {
        Authority.Dispose();
        _key.Dispose();
    }
}
