using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Metering.Server;

namespace Metering.Cli.Tests;

/// <summary>Rotation from the command line, against a real server that asks administrators for a certificate.</summary>
public sealed class SigningKeyTests : IDisposable
{
    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public async Task Rotation_names_the_keys_and_dropping_the_older_ones_says_so()
    {
        await using MeteringServer server = await StartAsync(options => options.ListenGrpc = new IPEndPoint(IPAddress.Loopback, 0));
        string[] where = ["--data", "data", "--address", $"http://{server.Facts.Listening.Grpc}"];

        Outcome rotated = await _line.RunAsync(["signing-key", "rotate", .. where]);
        Assert.True(rotated.ExitCode == 0, rotated.Error);
        Assert.Matches(@"^Key \S+ signs from now on\.\r?\nKey \S+ of 20\d\d-\S+Z verifies until 20\d\d-\S+Z\.\r?\n$", rotated.Output);

        Outcome dropped = await _line.RunAsync(["signing-key", "rotate", "--drop-older", .. where]);
        Assert.True(dropped.ExitCode == 0, dropped.Error);
        Assert.Matches(@"^Key \S+ signs from now on\.\r?\nThe older keys are dropped: every token signed before is refused\.\r?\n$", dropped.Output);
    }

    [Fact]
    public async Task A_client_certificate_is_shown_where_it_is_asked_for()
    {
        WriteClientCertificate();
        await using MeteringServer server = await StartAsync(options =>
        {
            options.ListenHttps = new IPEndPoint(IPAddress.Loopback, 0);
            options.AdminClientCa = Path.Combine(_line.Folder, "admins.pem");
        });
        string[] command = ["signing-key", "rotate", "--data", "data", "--address", $"https://localhost:{server.Facts.Listening.Https!.Port}"];

        Outcome without = await _line.RunAsync(command);
        Assert.Equal(3, without.ExitCode);
        Assert.Contains("UNAUTHENTICATED: This call needs a client certificate too", without.Error, StringComparison.Ordinal);

        Outcome with = await _line.RunAsync([.. command, "--client-cert", "me.pem", "--client-key", "me-key.pem"]);
        Assert.True(with.ExitCode == 0, with.Error);

        _line.Environment["METERING_CLIENT_CERT"] = "me.pem";
        _line.Environment["METERING_CLIENT_KEY"] = "me-key.pem";
        Outcome fromEnvironment = await _line.RunAsync(command);
        Assert.True(fromEnvironment.ExitCode == 0, fromEnvironment.Error);
    }

    [Theory]
    [InlineData("me.pem", null, "ClientCertificateFile and ClientKeyFile go together")]
    [InlineData("missing.pem", "me-key.pem", "cannot be read")]
    [InlineData("me.pem", "admins.pem", "are not a certificate and its unencrypted key, in PEM")]
    public async Task Files_of_a_client_certificate_that_cannot_be_used_are_named(string certificate, string? key, string words)
    {
        WriteClientCertificate();
        _line.Environment["METERING_ADMIN_TOKEN"] = "a1";
        string[] keyOption = key is null ? [] : ["--client-key", key];
        Outcome outcome = await _line.RunAsync(["signing-key", "rotate", "--address", "https://localhost:1", "--client-cert", certificate, .. keyOption]);
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(words, outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", outcome.Error, StringComparison.Ordinal);
    }

    private Task<MeteringServer> StartAsync(Action<ServerOptions> change)
    {
        var options = new ServerOptions { Data = Path.Combine(_line.Folder, "data"), ListenHttp = null, ListenGrpc = null, ListenHttps = null };
        change(options);
        return Server.Program.StartAsync(options, TimeProvider.System, TestContext.Current.CancellationToken);
    }

    private void WriteClientCertificate()
    {
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authority = new CertificateRequest("CN=admins", authorityKey, HashAlgorithmName.SHA256);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        using X509Certificate2 issuer = authority.CreateSelfSigned(now.AddHours(-1), now.AddDays(1));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=me", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        using X509Certificate2 mine = request.Create(issuer, now.AddHours(-1), now.AddHours(23), RandomNumberGenerator.GetBytes(16));
        _line.Write("admins.pem", issuer.ExportCertificatePem());
        _line.Write("me.pem", mine.ExportCertificatePem());
        _line.Write("me-key.pem", key.ExportPkcs8PrivateKeyPem());
    }
}
