using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Metering.Server.Tests;

/// <summary>Mutual TLS for administration: the admin token counts only together with a certificate.</summary>
public sealed class AdminClientCaTests : IDisposable
{
    private const string NeedsCertificate = "needs a client certificate too";
    private const string NeedsToken = "needs the admin token";

    private readonly string _folder = Directory.CreateTempSubdirectory("metering-mutual-").FullName;
    private readonly TestCertificates _administrators = new();
    private readonly TestCertificates _strangers = new();

    private string AuthorityFile => Path.Combine(_folder, "admins.pem");

    public void Dispose()
    {
        _administrators.Dispose();
        _strangers.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Administration_needs_token_and_certificate_and_everybody_else_neither()
    {
        await using RunningServer server = await StartAsync();
        using X509Certificate2 good = _administrators.Make(TestCertificates.ForClients);
        Assert.Equal((HttpStatusCode.OK, ""), await AskAsync(server, good, server.AdminToken));

        using X509Certificate2 foreign = _strangers.Make(TestCertificates.ForClients);
        using X509Certificate2 forServers = _administrators.Make(TestCertificates.ForServers);
        using X509Certificate2 ended = _administrators.Make(TestCertificates.ForClients, until: server.Time.Now.AddSeconds(-1));
        foreach (X509Certificate2? bad in new[] { null, foreign, forServers, ended })
            Assert.Equal((HttpStatusCode.Unauthorized, NeedsCertificate), await AskAsync(server, bad, server.AdminToken));
        foreach (string? token in new[] { null, "mma_wrong" })
            Assert.Equal((HttpStatusCode.Unauthorized, NeedsToken), await AskAsync(server, good, token));

        // Without a certificate one still exchanges, discovers and writes: those are not administration.
        using HttpClient plain = ClientOf(null);
        Assert.Equal(HttpStatusCode.OK, (await plain.GetAsync($"https://{server.Server.Facts.Listening.Https}/endpoints", TestContext.Current.CancellationToken)).StatusCode);
    }

    [Fact]
    public async Task Without_TLS_there_is_no_administration_then_nor_tokens_from_the_admin()
    {
        await using RunningServer server = await StartAsync();
        (HttpStatusCode status, System.Text.Json.Nodes.JsonNode body) = await server.GetAsync("/metering/v1/catalog", server.AdminToken);
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Contains(NeedsCertificate, (string)body["message"]!, StringComparison.Ordinal);
        (status, body) = await server.PostAsync("/iam/v1/tokens:createForServiceAccount", """{"serviceAccountId":"acme-reporter"}""", server.AdminToken);
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Contains(NeedsCertificate, (string)body["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_authority_takes_over_without_a_restart()
    {
        await using RunningServer server = await StartAsync();
        using X509Certificate2 good = _administrators.Make(TestCertificates.ForClients);
        using X509Certificate2 later = _strangers.Make(TestCertificates.ForClients);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(server, good, server.AdminToken)).Status);
        await File.WriteAllTextAsync(AuthorityFile, _strangers.Authority.ExportCertificatePem(), TestContext.Current.CancellationToken);
        await Eventually.HoldsAsync(async () => (await AskAsync(server, later, server.AdminToken)).Status == HttpStatusCode.OK);
        Assert.Equal((HttpStatusCode.Unauthorized, NeedsCertificate), await AskAsync(server, good, server.AdminToken));
    }

    [Fact]
    public async Task A_file_that_cannot_be_used_is_named_at_start()
    {
        File.WriteAllText(AuthorityFile, "nothing");
        StartException fault = await Assert.ThrowsAsync<StartException>(() => StartAsync(write: false));
        Assert.Contains($"{AuthorityFile}: there is no certificate in it", fault.Message, StringComparison.Ordinal);
        File.Delete(AuthorityFile);
        fault = await Assert.ThrowsAsync<StartException>(() => StartAsync(write: false));
        Assert.Contains($"{AuthorityFile}: there is no such file", fault.Message, StringComparison.Ordinal);
        fault = await Assert.ThrowsAsync<StartException>(() => RunningServer.StartAsync(options => options.AdminClientCa = AuthorityFile));
        Assert.Contains("admin-client-ca needs listen-https", fault.Message, StringComparison.Ordinal);
    }

    private async Task<RunningServer> StartAsync(bool write = true)
    {
        if (write)
            await File.WriteAllTextAsync(AuthorityFile, _administrators.Authority.ExportCertificatePem(), TestContext.Current.CancellationToken);
        return await RunningServer.StartAsync(options =>
        {
            options.ListenHttps = new IPEndPoint(IPAddress.Loopback, 0);
            options.AdminClientCa = AuthorityFile;
        });
    }

    // One connection per question, as a certificate is a connection's.
    private static async Task<(HttpStatusCode Status, string Words)> AskAsync(RunningServer server, X509Certificate2? certificate, string? token)
    {
        using HttpClient client = ClientOf(certificate);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"https://{server.Server.Facts.Listening.Https}/metering/v1/catalog");
        if (token is not null)
            request.Headers.TryAddWithoutValidation("authorization", $"Bearer {token}");
        using HttpResponseMessage answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        string body = Encoding.UTF8.GetString(await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        return (answer.StatusCode, new[] { NeedsCertificate, NeedsToken }.FirstOrDefault(words => body.Contains(words, StringComparison.Ordinal)) ?? "");
    }

    private static HttpClient ClientOf(X509Certificate2? certificate) => new(new SocketsHttpHandler
    {
        SslOptions = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is not null, // time is not the machine's
            ClientCertificateContext = certificate is null ? null : SslStreamCertificateContext.Create(certificate, null, offline: true),
            AllowTlsResume = false,
        },
    });
}
