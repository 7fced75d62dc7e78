using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Metering.Grpc.Tests;

/// <summary>The command line of the interop host.</summary>
[Collection(ProcessesOfTheirOwn.Name)]
public sealed class InteropHostTests : IDisposable
{
    private const int UsageExitCode = 64;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("interop-host-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("--port is missing")]
    [InlineData("--port has no value", "--port")]
    [InlineData("--port x is not a number from 0 to 65535", "--port", "x")]
    [InlineData("--port 65536 is not a number from 0 to 65535", "--port", "65536")]
    [InlineData("unknown option --prot", "--prot", "1")]
    [InlineData("--tls-cert and --tls-key belong together", "--port", "0", "--tls-cert", "c.pem")]
    [InlineData("there is no file c.pem", "--port", "0", "--tls-cert", "c.pem", "--tls-key", "k.pem")]
    public async Task A_wrong_command_line_is_refused_in_one_line_and_the_usage(string words, params string[] options)
    {
        using Child program = InteropHost.Launch(options);

        Assert.Equal(UsageExitCode, await program.ExitAsync());
        Assert.Equal(
            $"{words}\nusage: --port N [--tls-cert FILE --tls-key FILE]",
            program.Errors.TrimEnd().ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task With_a_certificate_and_its_key_it_speaks_tls()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = SelfSigned(key);
        string certificateFile = Write("certificate.pem", certificate.ExportCertificatePem());
        string keyFile = Write("key.pem", key.ExportPkcs8PrivateKeyPem());
        using Child program = InteropHost.Launch("--port", "0", "--tls-cert", certificateFile, "--tls-key", keyFile);
        string address = await InteropHost.AddressOfAsync(program);
        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, presented, _, _) =>
            presented is X509Certificate2 own && own.RawDataMemory.Span.SequenceEqual(certificate.RawDataMemory.Span);
        using var client = new HttpClient(handler);
        using var request = new HttpRequestMessage(HttpMethod.Post, $"https://{address}/grpc.testing.TestService/EmptyCall")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(GrpcClient.Frame([])),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");

        using HttpResponseMessage response = await client.SendAsync(request, TestContext.Current.CancellationToken);

        await response.Content.LoadIntoBufferAsync(TestContext.Current.CancellationToken);
        Assert.Equal("0", response.TrailingHeaders.GetValues("grpc-status").Single());
    }

    [Fact]
    public async Task A_key_of_another_certificate_is_refused()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = SelfSigned(key);
        string certificateFile = Write("certificate.pem", certificate.ExportCertificatePem());
        string keyFile = Write("key.pem", other.ExportPkcs8PrivateKeyPem());
        using Child program = InteropHost.Launch("--port", "0", "--tls-cert", certificateFile, "--tls-key", keyFile);

        Assert.Equal(UsageExitCode, await program.ExitAsync());
        Assert.StartsWith($"{certificateFile} and {keyFile} are no PEM pair: ", program.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_named_without_a_stack_trace()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        using Child program = InteropHost.Launch("--port", $"{port}");

        Assert.Equal(69, await program.ExitAsync());
        Assert.StartsWith($"cannot listen on port {port}: ", program.Errors, StringComparison.Ordinal);
        Assert.Single(program.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
    }

    private static X509Certificate2 SelfSigned(ECDsa key)
    {
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    private string Write(string name, string text)
    {
        string file = Path.Combine(_folder.FullName, name);
        File.WriteAllText(file, text);
        return file;
    }
}
