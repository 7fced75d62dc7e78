using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Metering.Server.Tests;

[UnsupportedOSPlatform("windows")]
public sealed class LocalCertificateAuthorityTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const string Host = "build-host";
    private const string Advertised = "metering.example:8443";

    private readonly string _data = Directory.CreateTempSubdirectory("metering-tls-").FullName;
    private readonly SettableTime _time = new();

    private string Tls => Path.Combine(_data, "tls");

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public void The_first_start_makes_an_authority_and_a_certificate_and_later_ones_keep_them()
    {
        using ServerCertificate made = LoadOrCreate();
        Assert.Equal(Path.Combine(Tls, "ca.pem"), made.AuthorityPath);
        Assert.Equal(
            ["ca-key.pem", "ca.pem", "server-key.pem", "server.pem"],
            Directory.GetFiles(Tls).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.Equal(OwnerOnly, System.IO.File.GetUnixFileMode(File("ca-key.pem")));
        Assert.Equal(OwnerOnly, System.IO.File.GetUnixFileMode(File("server-key.pem")));
        Assert.Equal(OwnerOnly, System.IO.File.GetUnixFileMode(File("ca.pem")) & ~(UnixFileMode.GroupRead | UnixFileMode.OtherRead));
        string[] before = Contents();
        using ServerCertificate again = LoadOrCreate();
        Assert.Equal(before, Contents());
        Assert.Equal(made.Certificate.Thumbprint, again.Certificate.Thumbprint);
        Assert.True(again.Certificate.HasPrivateKey);
    }

    [Fact]
    public void The_authority_can_sign_servers_and_nothing_else()
    {
        LoadOrCreate().Dispose();
        using X509Certificate2 authority = Authority();
        X509BasicConstraintsExtension constraints = authority.Extensions.OfType<X509BasicConstraintsExtension>().Single();
        Assert.True(constraints is { CertificateAuthority: true, HasPathLengthConstraint: true, PathLengthConstraint: 0, Critical: true });
        X509KeyUsageFlags usages = authority.Extensions.OfType<X509KeyUsageExtension>().Single().KeyUsages;
        Assert.Equal(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, usages);
        Assert.Equal(256, authority.GetECDsaPublicKey()!.KeySize);
        Assert.InRange((authority.NotAfter.ToUniversalTime() - _time.Now.UtcDateTime).TotalDays, 3650, 3653);
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    [InlineData("build-host")]
    [InlineData("metering.example")]
    [InlineData("api.cloud.yandex.net")]
    [InlineData("iam.api.cloud.yandex.net")]
    [InlineData("marketplace.api.cloud.yandex.net")]
    public void A_client_that_trusts_the_authority_accepts_the_certificate_for_each_name(string name)
    {
        using ServerCertificate server = LoadOrCreate();
        using X509Chain chain = ChainTo(Authority());
        Assert.True(chain.Build(server.Certificate), string.Join(", ", chain.ChainStatus.Select(status => status.StatusInformation)));
        Assert.True(server.Certificate.MatchesHostname(name, allowWildcards: true, allowCommonName: false));
        Assert.False(server.Certificate.MatchesHostname("elsewhere.example"));
        Assert.InRange((server.Certificate.NotAfter - server.Certificate.NotBefore).TotalDays, 1, 398);
        X509EnhancedKeyUsageExtension usages = server.Certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single();
        Assert.Equal(["1.3.6.1.5.5.7.3.1"], usages.EnhancedKeyUsages.Cast<Oid>().Select(oid => oid.Value!));
    }

    [Theory]
    [InlineData(SslProtocols.Tls12, "localhost")]
    [InlineData(SslProtocols.Tls13, "localhost")]
    [InlineData(SslProtocols.Tls12, "iam.api.cloud.yandex.net")]
    [InlineData(SslProtocols.Tls13, "127.0.0.1")]
    public async Task A_handshake_succeeds_in_both_versions(SslProtocols protocol, string name)
    {
        _time.Now = TimeProvider.System.GetUtcNow(); // the handshake's own clock is the machine's
        using ServerCertificate server = LoadOrCreate();
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        using var client = new TcpClient();
        Task connected = client.ConnectAsync((IPEndPoint)listener.LocalEndpoint, cancellation).AsTask();
        using TcpClient accepted = await listener.AcceptTcpClientAsync(cancellation);
        await connected;

        await using var serverStream = new SslStream(accepted.GetStream());
        await using var clientStream = new SslStream(client.GetStream());
        Task serving = serverStream.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions { ServerCertificateContext = server.ToStreamContext(), EnabledSslProtocols = protocol },
            cancellation);
        using X509Chain chain = ChainTo(Authority());
        var asked = new SslClientAuthenticationOptions
        {
            TargetHost = name,
            EnabledSslProtocols = protocol,
            CertificateChainPolicy = chain.ChainPolicy,
        };
        Task asking = clientStream.AuthenticateAsClientAsync(asked, cancellation);
        await Task.WhenAll(serving, asking);
        Assert.Equal(protocol, clientStream.SslProtocol);
        await serverStream.WriteAsync("hello"u8.ToArray(), cancellation);
        byte[] received = new byte[5];
        await clientStream.ReadExactlyAsync(received, cancellation);
        Assert.Equal("hello"u8.ToArray(), received);
    }

    [Fact]
    public void A_certificate_near_its_end_is_renewed_by_the_same_authority()
    {
        using ServerCertificate first = LoadOrCreate();
        string authority = System.IO.File.ReadAllText(File("ca.pem"));
        _time.Now = first.NotAfter.AddDays(-30).AddMinutes(-1);
        using ServerCertificate kept = LoadOrCreate();
        Assert.Equal(first.Certificate.Thumbprint, kept.Certificate.Thumbprint);
        _time.Now = first.NotAfter.AddDays(-30);
        using ServerCertificate renewed = LoadOrCreate();
        Assert.NotEqual(first.Certificate.Thumbprint, renewed.Certificate.Thumbprint);
        Assert.Equal(authority, System.IO.File.ReadAllText(File("ca.pem")));
        using X509Chain chain = ChainTo(Authority());
        Assert.True(chain.Build(renewed.Certificate));
        Assert.Equal(OwnerOnly, System.IO.File.GetUnixFileMode(File("server-key.pem")));
        using ServerCertificate again = LoadOrCreate();
        Assert.Equal(renewed.Certificate.Thumbprint, again.Certificate.Thumbprint);
    }

    [Fact]
    public void A_certificate_outlives_no_authority()
    {
        LoadOrCreate().Dispose();
        using X509Certificate2 authority = Authority();
        _time.Now = new DateTimeOffset(authority.NotAfter.ToUniversalTime()).AddDays(-100);
        using ServerCertificate last = LoadOrCreate();
        Assert.Equal(authority.NotAfter, last.Certificate.NotAfter);
        _time.Now = last.NotAfter.AddSeconds(1);
        AssertUnusable("ca.pem", "the certificate expired at 2036-");
    }

    [Fact]
    public void A_name_that_is_missing_makes_a_new_certificate()
    {
        using ServerCertificate first = LoadOrCreate();
        using ServerCertificate second = new LocalCertificateAuthority(_data, Host, _time).LoadOrCreate("192.0.2.7:443");
        Assert.NotEqual(first.Certificate.Thumbprint, second.Certificate.Thumbprint);
        Assert.True(second.Certificate.MatchesHostname("192.0.2.7"));
        using ServerCertificate third = new LocalCertificateAuthority(_data, Host, _time).LoadOrCreate(null);
        Assert.Equal(second.Certificate.Thumbprint, third.Certificate.Thumbprint);
    }

    [Theory]
    [InlineData("ca.pem", "server.pem", "server-key.pem")] // between the CA's key and its certificate
    [InlineData("server.pem", "server-key.pem")] // before the server's key
    [InlineData("server.pem")] // between the server's key and its certificate
    [InlineData("server-key.pem")]
    public void A_directory_half_written_by_a_crash_mends_itself(params string[] missing)
    {
        LoadOrCreate().Dispose();
        string[] kept = missing.Contains("ca.pem") ? [] : [System.IO.File.ReadAllText(File("ca.pem"))];
        foreach (string file in missing)
            System.IO.File.Delete(File(file));
        System.IO.File.WriteAllText(File("server.pem.new"), "half a certif");
        System.IO.File.WriteAllText(File("ca-key.pem.new"), "half a ke");
        using ServerCertificate mended = LoadOrCreate();
        using X509Chain chain = ChainTo(Authority());
        Assert.True(chain.Build(mended.Certificate));
        Assert.All(kept, authority => Assert.Equal(authority, System.IO.File.ReadAllText(File("ca.pem"))));
        Assert.Equal(4, Directory.GetFiles(Tls).Length);
    }

    [Theory]
    [InlineData("server.pem", "garbage")]
    [InlineData("server.pem", "")]
    [InlineData("server-key.pem", "garbage")]
    public void A_damaged_server_certificate_or_key_is_made_anew(string file, string content)
    {
        LoadOrCreate().Dispose();
        System.IO.File.WriteAllText(File(file), content);
        using ServerCertificate mended = LoadOrCreate();
        using X509Chain chain = ChainTo(Authority());
        Assert.True(chain.Build(mended.Certificate));
    }

    [Fact]
    public void A_renewal_cut_off_between_key_and_certificate_mends_itself()
    {
        LoadOrCreate().Dispose();
        using var otherKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        System.IO.File.WriteAllText(File("server-key.pem"), otherKey.ExportPkcs8PrivateKeyPem());
        using ServerCertificate mended = LoadOrCreate();
        using X509Chain chain = ChainTo(Authority());
        Assert.True(chain.Build(mended.Certificate));
    }

    [Fact]
    public void A_certificate_of_another_authority_is_made_anew()
    {
        LoadOrCreate().Dispose();
        string old = System.IO.File.ReadAllText(File("server.pem"));
        string oldKey = System.IO.File.ReadAllText(File("server-key.pem"));
        Directory.Delete(Tls, recursive: true);
        LoadOrCreate().Dispose();
        System.IO.File.WriteAllText(File("server.pem"), old);
        System.IO.File.WriteAllText(File("server-key.pem"), oldKey);
        using ServerCertificate server = LoadOrCreate();
        using X509Chain chain = ChainTo(Authority());
        Assert.True(chain.Build(server.Certificate));
    }

    [Fact]
    public void What_no_crash_leaves_behind_is_refused_with_what_to_do()
    {
        string advice = $"restore it from a backup, or delete {Tls} to start with a new CA, which every client then has to trust instead";
        LoadOrCreate().Dispose();
        string authority = System.IO.File.ReadAllText(File("ca.pem"));
        string authorityKey = System.IO.File.ReadAllText(File("ca-key.pem"));

        System.IO.File.Delete(File("ca.pem"));
        AssertUnusable("ca.pem", $"the CA certificate is missing, but {File("server.pem")} was made by it; {advice}");

        System.IO.File.WriteAllText(File("ca.pem"), "garbage");
        AssertUnusable("ca.pem", "there is no certificate in it (-----BEGIN CERTIFICATE----- …)");

        System.IO.File.WriteAllText(File("ca.pem"), authority);
        System.IO.File.Delete(File("ca-key.pem"));
        LoadOrCreate().Dispose(); // still good: the key is needed only to make certificates
        System.IO.File.Delete(File("server.pem"));
        AssertUnusable("ca-key.pem", $"the CA's key is missing, and a server certificate is to be made; {advice}");

        using var otherKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        DurableFile.Write(File("ca-key.pem"), otherKey.ExportPkcs8PrivateKeyPem(), OwnerOnly);
        AssertUnusable("ca-key.pem", $"this is not the key of {File("ca.pem")}; {advice}");

        DurableFile.Write(File("ca-key.pem"), authorityKey, OwnerOnly);
        System.IO.File.SetUnixFileMode(File("ca-key.pem"), (UnixFileMode)0b110_000_100);
        AssertUnusable("ca-key.pem", "everybody can get at this secret");
        System.IO.File.SetUnixFileMode(File("ca-key.pem"), OwnerOnly);
        LoadOrCreate().Dispose();

        _time.Now = _time.Now.AddYears(-1);
        AssertUnusable("ca.pem", "the certificate is not valid before 2026-03-01T11:00:00Z; is this machine's clock right?");
    }

    [Fact]
    public void Names_are_told_apart_from_ports_and_addresses()
    {
        Assert.Contains("metering.example", Names("metering.example:8443"));
        Assert.Contains("metering.example", Names("metering.example"));
        Assert.Contains("192.0.2.7", Names("192.0.2.7:443"));
        Assert.Contains("2001:db8::1", Names("[2001:DB8::1]:443"));
        Assert.Contains("2001:db8::1", Names("2001:db8::1"));
        Assert.Single(Names("LOCALHOST:1"), name => name.Equals("localhost", StringComparison.OrdinalIgnoreCase));
        FormatException exception = Assert.Throws<FormatException>(() => Names("a b:1"));
        Assert.Equal("'a b:1' is not HOST or HOST:PORT with a host name or an address.", exception.Message);
        Assert.DoesNotContain("not a host name", LocalCertificateAuthority.NamesFor("not a host name", null));
        Assert.Contains("build-host", LocalCertificateAuthority.NamesFor(Host, null));
    }

    private static IReadOnlyList<string> Names(string advertised) => LocalCertificateAuthority.NamesFor(Host, advertised);

    private string File(string name) => Path.Combine(Tls, name);

    private string[] Contents() => [.. Directory.GetFiles(Tls).Order(StringComparer.Ordinal).Select(System.IO.File.ReadAllText)];

    private ServerCertificate LoadOrCreate() => new LocalCertificateAuthority(_data, Host, _time).LoadOrCreate(Advertised);

    private X509Certificate2 Authority() => X509Certificate2.CreateFromPem(System.IO.File.ReadAllText(File("ca.pem")));

    private X509Chain ChainTo(X509Certificate2 authority)
    {
        var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = _time.Now.UtcDateTime;
        return chain;
    }

    private void AssertUnusable(string file, string reason)
    {
        UnusableFileException exception = Assert.Throws<UnusableFileException>(() => LoadOrCreate());
        Assert.Equal(File(file), exception.Path);
        Assert.StartsWith($"{File(file)}: {reason}", exception.Message, StringComparison.Ordinal);
    }
}
