using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace Metering.Server.Tests;

/// <summary>TLS of a running server: its versions, and certificates that change under it.</summary>
public sealed class TlsServingTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("metering-tls-").FullName;
    private readonly TestCertificates _certificates = new();
    private readonly CapturedLog _log = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string CertificatePath => Path.Combine(_folder, "server.pem");

    private string KeyPath => Path.Combine(_folder, "server-key.pem");

    public void Dispose()
    {
        _certificates.Dispose();
        _log.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12)]
    [InlineData(SslProtocols.Tls13)]
    public async Task Versions_1_2_and_1_3_are_spoken(SslProtocols version)
    {
        await using RunningServer server = await StartAsync();
        await using Connection connection = await ConnectAsync(server, version);
        Assert.Equal(version, connection.Stream.SslProtocol);
        Assert.StartsWith("HTTP/1.1 200", await connection.AskAsync("/healthz"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0x0301, false)] // 1.0
    [InlineData(0x0302, false)] // 1.1
    [InlineData(0x0303, true)] // 1.2: the control
    public async Task A_hello_of_an_older_version_is_refused(int version, bool accepted)
    {
        await using RunningServer server = await StartAsync();
        using var socket = new TcpClient();
        await socket.ConnectAsync(server.Server.Facts.Listening.Https!, Cancellation);
        await socket.GetStream().WriteAsync(HelloOf(version), Cancellation);
        byte[] answer = new byte[7];
        int read = await socket.GetStream().ReadAtLeastAsync(answer, answer.Length, throwOnEndOfStream: false, Cancellation);

        const byte alert = 21, handshake = 22, protocolVersion = 70;
        if (accepted)
            Assert.Equal(handshake, answer[0]);
        else
            Assert.True(read == 0 || (answer[0] == alert && answer[6] == protocolVersion), Convert.ToHexString(answer.AsSpan(0, read)));
    }

    [Fact]
    public async Task A_new_certificate_is_shown_to_new_connections_and_old_ones_live_on()
    {
        string first = _certificates.WriteServer(CertificatePath, KeyPath);
        await using RunningServer server = await StartAsync(ownCertificate: true);
        await using Connection old = await ConnectAsync(server);
        Assert.Equal(first, old.Thumbprint);

        string second = _certificates.WriteServer(CertificatePath, KeyPath);
        await Eventually.HoldsAsync(async () =>
        {
            await using Connection fresh = await ConnectAsync(server);
            return fresh.Thumbprint == second;
        });
        Assert.StartsWith("HTTP/1.1 200", await old.AskAsync("/healthz"), StringComparison.Ordinal);
        await Eventually.HoldsAsync(() => Task.FromResult(_log.Count(LogLevel.Information, "A new certificate is in use.") == 1)); // after it is in use
    }

    [Fact]
    public async Task A_certificate_that_cannot_be_used_is_refused_in_one_line_and_the_one_before_stays()
    {
        string first = _certificates.WriteServer(CertificatePath, KeyPath);
        await using RunningServer server = await StartAsync(ownCertificate: true);
        File.WriteAllText(CertificatePath, "no certificate");
        await Eventually.HoldsAsync(() => Task.FromResult(_log.Count(LogLevel.Error, $"{CertificatePath}: there is no certificate in it") > 0));
        await using (Connection connection = await ConnectAsync(server))
            Assert.Equal(first, connection.Thumbprint);

        // Mended, the next one is taken; the fault was logged once although it was there for several looks.
        string second = _certificates.WriteServer(CertificatePath, KeyPath);
        await Eventually.HoldsAsync(async () =>
        {
            await using Connection fresh = await ConnectAsync(server);
            return fresh.Thumbprint == second;
        });
        Assert.Equal(1, _log.Count(LogLevel.Error, "there is no certificate in it"));
    }

    [Fact]
    public async Task The_local_authority_renews_its_certificate_while_the_server_runs()
    {
        await using RunningServer server = await StartAsync();
        string authority = await File.ReadAllTextAsync(server.Server.Facts.CertificateAuthorityFile!, Cancellation);
        await using Connection old = await ConnectAsync(server);
        server.Time.Now += CertificateMaker.ServerLifetime - TimeSpan.FromDays(30);
        await Eventually.HoldsAsync(async () =>
        {
            await using Connection fresh = await ConnectAsync(server);
            return fresh.Thumbprint != old.Thumbprint;
        });
        Assert.Equal(authority, await File.ReadAllTextAsync(server.Server.Facts.CertificateAuthorityFile!, Cancellation));
    }

    private Task<RunningServer> StartAsync(bool ownCertificate = false) => RunningServer.StartAsync(
        options =>
        {
            options.ListenHttps = new IPEndPoint(IPAddress.Loopback, 0);
            options.TlsCertificate = ownCertificate ? CertificatePath : null;
            options.TlsKey = ownCertificate ? KeyPath : null;
        },
        log: _log.Configure);

    // Whom to trust is not the question here, and time is not the machine's.
    private static async Task<Connection> ConnectAsync(RunningServer server, SslProtocols version = SslProtocols.None)
    {
        var socket = new TcpClient();
        await socket.ConnectAsync(server.Server.Facts.Listening.Https!, Cancellation);
        var stream = new SslStream(socket.GetStream(), leaveInnerStreamOpen: false, (_, certificate, _, _) => certificate is not null);
        await stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = "localhost", EnabledSslProtocols = version, AllowTlsResume = false }, Cancellation);
        return new Connection(socket, stream);
    }

    // A hello as a client of that version would send it, with what a server with an ECDSA certificate needs to answer.
    private static byte[] HelloOf(int version)
    {
        byte[] suites = [0xc0, 0x2b, 0xc0, 0x2c, 0xc0, 0x0a, 0xc0, 0x09];
        byte[] extensions =
        [
            0x00, 0x0a, 0x00, 0x04, 0x00, 0x02, 0x00, 0x17, // groups: P-256
            0x00, 0x0b, 0x00, 0x02, 0x01, 0x00, // points: uncompressed
            0x00, 0x0d, 0x00, 0x06, 0x00, 0x04, 0x04, 0x03, 0x02, 0x03, // signatures: ECDSA with SHA-256 and SHA-1
        ];
        byte[] body =
        [
            (byte)(version >> 8), (byte)version, .. RandomNumberGenerator.GetBytes(32), 0, 0, (byte)suites.Length, .. suites, 1, 0,
            0, (byte)extensions.Length, .. extensions,
        ];
        return [22, 3, 1, 0, (byte)(body.Length + 4), 1, 0, 0, (byte)body.Length, .. body];
    }

    private sealed class Connection(TcpClient socket, SslStream stream) : IAsyncDisposable
    {
        public SslStream Stream { get; } = stream;

        public string Thumbprint { get; } = ((X509Certificate2)stream.RemoteCertificate!).Thumbprint;

        public async Task<string> AskAsync(string path)
        {
            await Stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"), Cancellation);
            byte[] answer = new byte[4096];
            int read = await Stream.ReadAtLeastAsync(answer, "HTTP/1.1 200".Length, throwOnEndOfStream: false, Cancellation);
            return System.Text.Encoding.ASCII.GetString(answer, 0, read);
        }

        public async ValueTask DisposeAsync()
        {
            await Stream.DisposeAsync();
            socket.Dispose();
        }
    }
}
