using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Yandex.Cloud.Endpoint;
using static Metering.Client.Tests.Samples;
using static Metering.Client.Tests.ScriptedServer;

namespace Metering.Client.Tests;

public sealed class ConnectionTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("metering-client-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task When_nothing_listens_the_message_says_where_and_what_to_try()
    {
        string address = $"http://127.0.0.1:{UnusedPort()}";

        MeteringException fault = await FailAsync(new MeteringClientOptions { Address = address, RetryFirstConnection = false });

        Assert.Equal(GrpcStatusCode.Unavailable, fault.Code);
        Assert.StartsWith($"Nothing listens on {address}: is `metering serve` running", fault.Message);
        Assert.False(fault.OutcomeIsUnknown);
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(true, 2)]
    public async Task A_server_that_never_answered_is_tried_again_only_if_wanted(bool retry, int waitsExpected)
    {
        var waits = new List<TimeSpan>();
        var options =
            new MeteringClientOptions { Address = $"http://127.0.0.1:{UnusedPort()}", RetryFirstConnection = retry, AttemptsMaximum = 3 };
        using MeteringClient client = Connect(options, waits);

        await Assert.ThrowsAsync<MeteringException>(() => client.ListEndpointsAsync(Token));

        Assert.Equal(waitsExpected, waits.Count);
    }

    [Fact]
    public async Task A_certificate_of_an_unknown_authority_is_refused_with_what_to_pass()
    {
        using X509Certificate2 certificate = SelfSigned();
        await using ScriptedServer server = await StartAsync(certificate);

        MeteringException fault = await FailAsync(new MeteringClientOptions { Address = server.Address });

        Assert.Contains($"The certificate of {server.Address} is not trusted: pass --ca FILE", fault.Message);
        Assert.Empty(server.Exchanges);
    }

    [Fact]
    public async Task The_authority_that_was_passed_is_trusted()
    {
        using X509Certificate2 certificate = SelfSigned();
        string file = Path.Combine(_folder, "ca.pem");
        await File.WriteAllTextAsync(file, certificate.ExportCertificatePem(), Token);
        await using ScriptedServer server = await StartAsync(certificate);
        server.Script = _ => Reply(new ListApiEndpointsResponse());
        using MeteringClient client = Connect(new MeteringClientOptions { Address = server.Address, CertificateAuthorityFile = file });

        Assert.Empty(await client.ListEndpointsAsync(Token));
    }

    [Fact]
    public async Task Tls_to_a_port_without_it_says_so()
    {
        await using ScriptedServer server = await StartAsync();

        MeteringException fault =
            await FailAsync(new MeteringClientOptions { Address = server.Address.Replace("http:", "https:"), AttemptsMaximum = 1 });

        Assert.Contains("does the server speak TLS on this port?", fault.Message);
    }

    [Fact]
    public async Task The_port_of_http_1_is_told_from_the_grpc_one()
    {
        await using ScriptedServer server = await StartAsync(protocols: HttpProtocols.Http1);

        MeteringException fault = await FailAsync(new MeteringClientOptions { Address = server.Address, AttemptsMaximum = 1 });

        // What the server says of the preface, or the reset of the connection that may overtake it.
        Assert.Contains("is this the server's gRPC address, with the right scheme and port?", fault.Message);
    }

    [Fact]
    public async Task A_connection_that_breaks_at_once_may_be_the_wrong_address_and_one_that_answered_before_is_not()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = exchange => exchange.Number == 1 ? Reply(new ListApiEndpointsResponse()) : Reset();
        using MeteringClient answered = Connect(new MeteringClientOptions { Address = server.Address, AttemptsMaximum = 1 });
        await answered.ListEndpointsAsync(Token);

        MeteringException known = await Assert.ThrowsAsync<MeteringException>(() => answered.ListEndpointsAsync(Token));
        MeteringException strange = await FailAsync(new MeteringClientOptions { Address = server.Address, AttemptsMaximum = 1 });

        Assert.Contains("broke before the answer came", known.Message);
        Assert.DoesNotContain("is this the server's gRPC address", known.Message);
        Assert.Contains("broke before the answer came", strange.Message);
        Assert.Contains("is this the server's gRPC address", strange.Message);
        Assert.All([known, strange], fault => Assert.True(fault.OutcomeIsUnknown));
    }

    [Fact]
    public void Every_fault_of_the_options_is_named_at_once()
    {
        var options = new MeteringClientOptions
        {
            Address = "localhost:8081",
            Token = "two words",
            KeyFile = "key.json",
            RequestTimeout = TimeSpan.Zero,
            AttemptsMaximum = 0,
            ConcurrentRequests = 257,
            BackoffMaximum = TimeSpan.FromMilliseconds(1),
        };

        var fault = Assert.Throws<InvalidClientOptionsException>(() => new MeteringClient(options));

        Assert.Equal(7, fault.Faults.Count);
        foreach (string name in new[]
        {
            "Address is", "More than one of", "Token is", "RequestTimeout", "AttemptsMaximum", "ConcurrentRequests", "BackoffMaximum",
        })
            Assert.Contains(fault.Faults, text => text.StartsWith(name, StringComparison.Ordinal));
        Assert.DoesNotContain("two words", fault.Message);
    }

    [Theory]
    [InlineData(null, "cannot be read")]
    [InlineData("no pem at all", "holds no certificate")]
    public void A_file_of_authorities_that_cannot_be_used_is_named(string? content, string words)
    {
        string file = Path.Combine(_folder, "ca.pem");
        if (content is not null)
            File.WriteAllText(file, content);

        var fault = Assert.Throws<InvalidClientOptionsException>(
            () => new MeteringClient(new MeteringClientOptions { Address = "https://127.0.0.1:1", CertificateAuthorityFile = file }));

        Assert.Contains(file, fault.Message);
        Assert.Contains(words, fault.Message);
    }

    private static async Task<MeteringException> FailAsync(MeteringClientOptions options)
    {
        using MeteringClient client = Connect(options);
        return await Assert.ThrowsAsync<MeteringException>(() => client.ListEndpointsAsync(Token));
    }

    private static X509Certificate2 SelfSigned()
    {
        using RSA rsa = RSA.Create(2048);
        var request = new CertificateRequest("CN=metering test", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, true));
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 made = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }

    // A port that was free a moment ago: taken and given back.
    private static int UnusedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
