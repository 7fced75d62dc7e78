using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;

namespace Metering.Server.Tests;

/// <summary>Whatever happens, no log line at any level and no error holds a secret.</summary>
public sealed class SecretsTests
{
    private const string Account = "acme-reporter";
    private const string WritePath = "/marketplace/metering/v1/productUsage/write";

    private readonly List<string> _secrets = [];
    private readonly List<string> _errors = [];

    [Fact]
    public async Task No_log_line_and_no_error_holds_a_secret()
    {
        using var log = new CapturedLog();
        string folder = Directory.CreateTempSubdirectory("metering-secrets-").FullName;
        try
        {
            await using (RunningServer server = await RunningServer.StartAsync(
                options => options.ListenHttps = new IPEndPoint(IPAddress.Loopback, 0), folder, log: log.Configure))
            {
                await LiveAsync(server);
                _secrets.AddRange(Directory.GetFiles(folder, "*-key.pem", SearchOption.AllDirectories).SelectMany(File.ReadLines).Where(line => !line.StartsWith('-')));
                _secrets.Add(server.AdminToken);

                // A start that fails on a secret that is damaged, or that everybody can read, says so without it.
                string path = server.Server.Facts.AdminTokenFile;
                await server.Server.DisposeAsync();
                string token = await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken);
                await File.WriteAllTextAsync(path, token.Trim() + "x", TestContext.Current.CancellationToken);
                _errors.Add((await Assert.ThrowsAsync<StartException>(() => RunningServer.StartAsync(folder: folder, log: log.Configure))).ToString());
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        Assert.InRange(_secrets.Distinct().Count(), 12, 200);
        Assert.NotEmpty(_errors);
        Assert.Contains(log.Lines, line => line.Contains(WritePath, StringComparison.Ordinal)); // control: it did hear of the requests
        Assert.Empty(Spilled(log.Lines.Concat(_errors)));
    }

    [Fact]
    public void A_secret_in_a_line_is_seen()
    {
        using var log = new CapturedLog();
        _secrets.Add("e30.e30.c2lnbmF0dXJlLW9mLWEtdG9rZW4tdGhhdC1pcy1sb25n");
        using ILoggerFactory factory = LoggerFactory.Create(log.Configure);
        ILogger logger = factory.CreateLogger("Microsoft.AspNetCore.Anything");
        Assert.Empty(Spilled(log.Lines));
        using (logger.BeginScope("Bearer " + _secrets[0]))
            logger.Log(LogLevel.Trace, default, "no secret", null, (state, _) => state);
        Assert.Single(Spilled(log.Lines));
        string signature = _secrets[0].Split('.')[2];
        logger.Log(LogLevel.Trace, default, signature, null, (state, _) => "the signature alone: " + state);
        Assert.Equal(2, Spilled(log.Lines).Count());
        var fault = new InvalidOperationException(_secrets[0]);
        logger.Log(LogLevel.Trace, default, "x", fault, (state, _) => state);
        Assert.Equal(3, Spilled(log.Lines).Count());
    }

    // A whole life: exchange, writes, tokens of every kind of badness, administration, faults of form, over each way in.
    private async Task LiveAsync(RunningServer server)
    {
        using var key = RSA.Create(2048);
        await AskAsync(server, "/metering/v1/keys", new JsonObject
        {
            ["keyId"] = IdentityFixture.KeyId, ["serviceAccountId"] = Account, ["keyAlgorithm"] = "RSA_2048", ["publicKey"] = key.ExportSubjectPublicKeyInfoPem(),
        }, server.AdminToken);

        // Somebody registers the private half by mistake.
        string privateKey = key.ExportPkcs8PrivateKeyPem();
        _secrets.AddRange(privateKey.Split('\n').Where(line => line.Length > 0 && !line.StartsWith('-')));
        await AskAsync(server, "/metering/v1/keys", new JsonObject
        {
            ["keyId"] = "ajk-2", ["serviceAccountId"] = Account, ["keyAlgorithm"] = "RSA_2048", ["publicKey"] = privateKey,
        }, server.AdminToken);

        string jwt = IdentityFixture.Sign(
            new JsonObject { ["alg"] = "PS256", ["kid"] = IdentityFixture.KeyId },
            new JsonObject
            {
                ["iss"] = Account, ["aud"] = IdentityFixture.PublicAudience, ["iat"] = server.Time.Now.ToUnixTimeSeconds(), ["exp"] = server.Time.Now.ToUnixTimeSeconds() + 600,
            },
            key);
        string token = (string)(await AskAsync(server, "/iam/v1/tokens", new JsonObject { ["jwt"] = jwt }, null))["iamToken"]!;
        string other = (string)(await AskAsync(server, "/iam/v1/tokens:createForServiceAccount", new JsonObject { ["serviceAccountId"] = Account }, token))["iamToken"]!;
        _secrets.AddRange([jwt, token, other]);
        string altered = token[..^4] + "AAAA";
        _secrets.Add(altered);

        foreach (string? carried in new[] { token, altered, jwt, server.AdminToken, "", null, token + " " + token })
        {
            await AskAsync(server, WritePath, new JsonObject { ["productInstanceId"] = RunningServer.Instance, ["usageRecords"] = new JsonArray(server.Record()) }, carried);
            await AskAsync(server, WritePath, new JsonObject { ["productInstanceId"] = 7, ["usageRecords"] = new JsonArray(carried ?? "x") }, carried);
            await AskAsync(server, "/iam/v1/tokens", new JsonObject { ["jwt"] = carried }, null);
            await AskAsync(server, "/iam/v1/tokens", new JsonObject { ["yandexPassportOauthToken"] = carried }, null);
            await AskAsync(server, "/metering/v1/usage:query", new JsonObject { ["from"] = "never" }, carried);
            await AskAsync(server, "/metering/v1/signingKeys:rotate", [], carried);
            await server.GetAsync("/no/such/path", carried);
            (int status, string words, _) = await server.CallAsync("/yandex.cloud.marketplace.metering.v1.ProductUsageService/Write", [0xff, 0xff], carried);
            _errors.Add($"{status} {words}");
            (status, words, _) = await server.CallAsync("/no.such/Method", [], carried);
            _errors.Add($"{status} {words}");
        }

        // A connection that breaks the protocol with a token under way, and one that is no TLS.
        foreach (IPEndPoint listener in new[] { server.Server.Facts.Listening.Grpc!, server.Server.Facts.Listening.Http!, server.Server.Facts.Listening.Https! })
        {
            using var socket = new System.Net.Sockets.TcpClient();
            await socket.ConnectAsync(listener, TestContext.Current.CancellationToken);
            System.Net.Sockets.NetworkStream stream = socket.GetStream();
            await stream.WriteAsync(System.Text.Encoding.ASCII.GetBytes($"Authorization: Bearer {token}\r\n\r\n"), TestContext.Current.CancellationToken);
            socket.Client.Shutdown(System.Net.Sockets.SocketShutdown.Send);
            await Eventually.HoldsAsync(async () =>
            {
                try
                {
                    return await stream.ReadAsync(new byte[512], TestContext.Current.CancellationToken) == 0;
                }
                catch (IOException)
                {
                    return true;
                }
            });
        }

        await AskAsync(server, "/iam/v1/tokens:revoke", new JsonObject { ["iamToken"] = other }, null);
        await AskAsync(server, "/iam/v1/tokens:revoke", new JsonObject { ["iamToken"] = altered }, null);
    }

    private async Task<JsonNode> AskAsync(RunningServer server, string path, JsonObject body, string? token)
    {
        (HttpStatusCode status, JsonNode answer) = await server.PostAsync(path, body, token);
        if (status != HttpStatusCode.OK)
            _errors.Add(answer.ToJsonString());
        return answer;
    }

    // A token is a secret whole, and so is its signature, which is what makes it one.
    private IEnumerable<string> Spilled(IEnumerable<string> lines)
    {
        string[] parts = [.. _secrets.SelectMany(secret => secret.Contains('.') ? [secret, secret.Split('.')[2]] : new[] { secret }).Where(part => part.Length >= 16).Distinct()];
        return lines.Where(line => Array.Exists(parts, part => line.Contains(part, StringComparison.Ordinal)));
    }
}
