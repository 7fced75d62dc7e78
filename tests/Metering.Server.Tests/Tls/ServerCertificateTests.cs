using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Metering.Server.Tests;

/// <summary>Certificates that the user brings.</summary>
public sealed class ServerCertificateTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("metering-certificate-").FullName;
    private readonly SettableTime _time = new();
    private readonly ECDsa _authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _authority;

    public ServerCertificateTests() => _authority = CertificateMaker.MakeAuthority(_authorityKey, "test", SettableTime.Start);

    private string CertificatePath => Path.Combine(_directory, "tls.crt");

    private string KeyPath => Path.Combine(_directory, "tls.key");

    public void Dispose()
    {
        _authority.Dispose();
        _authorityKey.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void A_certificate_is_loaded_with_the_rest_of_its_chain()
    {
        string certificate = WritePair();
        File.WriteAllText(CertificatePath, certificate + "\n" + _authority.ExportCertificatePem());
        using ServerCertificate loaded = Load();
        Assert.True(loaded.Certificate.HasPrivateKey);
        Assert.True(loaded.Certificate.MatchesHostname("metering.example"));
        Assert.Equal(_authority.Thumbprint, Assert.Single(loaded.Intermediates).Thumbprint);
        Assert.Null(loaded.AuthorityPath);
        Assert.Equal(loaded.Certificate.Thumbprint, loaded.ToStreamContext().TargetCertificate.Thumbprint);
    }

    [Fact]
    public void A_key_in_the_older_spelling_is_loaded_too()
    {
        using var key = RSA.Create(2048);
        File.WriteAllText(KeyPath, key.ExportRSAPrivateKeyPem());
        var request = new CertificateRequest("CN=metering.example", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using X509Certificate2 made = request.CreateSelfSigned(SettableTime.Start, SettableTime.Start.AddDays(1));
        File.WriteAllText(CertificatePath, made.ExportCertificatePem());
        using ServerCertificate loaded = Load();
        Assert.Equal(2048, loaded.Certificate.GetRSAPrivateKey()!.KeySize);
    }

    [Fact]
    public void What_is_wrong_is_said_with_the_file_and_what_to_do()
    {
        AssertUnusable(CertificatePath, "there is no such file");
        string certificate = WritePair();
        File.Delete(KeyPath);
        AssertUnusable(KeyPath, "there is no such file");
        File.WriteAllText(KeyPath, certificate);
        AssertUnusable(KeyPath, "there is no private key in it (-----BEGIN PRIVATE KEY----- …)");
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        File.WriteAllText(KeyPath, other.ExportPkcs8PrivateKeyPem());
        AssertUnusable(KeyPath, $"this key does not belong to the certificate in {CertificatePath} (CN=Marketplace Metering)");
        File.WriteAllText(KeyPath, TestKeys.First.ExportPkcs8PrivateKeyPem());
        AssertUnusable(KeyPath, $"this key does not belong to the certificate in {CertificatePath} (CN=Marketplace Metering)");
        var encryption = new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, iterationCount: 1000);
        File.WriteAllText(KeyPath, other.ExportEncryptedPkcs8PrivateKeyPem("secret", encryption));
        AssertUnusable(KeyPath, "the private key is encrypted; decrypt it first: openssl pkey -in KEY -out PLAIN");
        File.WriteAllText(CertificatePath, "hello");
        AssertUnusable(CertificatePath, "there is no certificate in it (-----BEGIN CERTIFICATE----- …)");
        File.WriteAllText(CertificatePath, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        AssertUnusable(CertificatePath, "a certificate in it cannot be read: ");
    }

    [Fact]
    public void A_certificate_is_used_only_while_it_is_valid()
    {
        WritePair();
        using X509Certificate2 made = X509Certificate2.CreateFromPem(File.ReadAllText(CertificatePath));
        _time.Now = new DateTimeOffset(made.NotAfter.ToUniversalTime());
        AssertUnusable(CertificatePath, $"the certificate expired at {_time.Now:yyyy-MM-ddTHH:mm:ssZ}; put a new one in its place");
        _time.Now = SettableTime.Start.AddDays(-1);
        AssertUnusable(CertificatePath, "the certificate is not valid before 2026-03-01T11:00:00Z; is this machine's clock right?");
    }

    private ServerCertificate Load() => ServerCertificate.Load(CertificatePath, KeyPath, _time);

    private string WritePair()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 made = CertificateMaker.MakeServer(key, _authority, ["metering.example"], SettableTime.Start);
        File.WriteAllText(CertificatePath, made.ExportCertificatePem());
        File.WriteAllText(KeyPath, key.ExportPkcs8PrivateKeyPem());
        return made.ExportCertificatePem();
    }

    private void AssertUnusable(string path, string reason)
    {
        UnusableFileException exception = Assert.Throws<UnusableFileException>(Load);
        Assert.Equal(path, exception.Path);
        Assert.StartsWith($"{path}: {reason}", exception.Message, StringComparison.Ordinal);
    }
}
