using System.Net;
using System.Text.Json.Nodes;

namespace Metering.Server.Tests;

/// <summary>Tokens over REST: made from a JWT, for oneself, by the admin; revoked; and every refusal.</summary>
public class TokenMethodsTests
{
    private const string Create = "/iam/v1/tokens";
    private const string CreateForServiceAccount = "/iam/v1/tokens:createForServiceAccount";
    private const string Revoke = "/iam/v1/tokens:revoke";
    private const string KeyId = "ajk-declared";

    private static readonly string Catalog = SampleCatalog.Yaml.Replace(
        "    name: Reports the usage of Acme's product instances\n    publisher: acme\n    roles: [marketplace.meteringAgent]\n",
        "    name: Reports the usage of Acme's product instances\n    publisher: acme\n    roles: [marketplace.meteringAgent]\n"
        + $"    keys:\n      - id: {KeyId}\n        algorithm: RSA_2048\n        created_at: 2026-11-01T00:00:00Z\n        public_key: |\n"
        + string.Concat(TestKeys.First.PublicPem().TrimEnd().Split('\n').Select(line => $"          {line}\n")));

    [Fact]
    public async Task A_signed_jwt_becomes_a_token_that_writes_whatever_audience_the_sdk_names()
    {
        await using RunningServer server = await StartAsync();
        JsonNode[] audiences =
        [
            IdentityFixture.PublicAudience,
            "https://iam.metering.example.org:8443/iam/v1/tokens",
            "https://iam.metering.example.org/iam/v1/tokens",
            new JsonArray(IdentityFixture.PublicAudience),
        ];
        foreach (JsonNode audience in audiences)
        {
            (HttpStatusCode status, JsonNode body) = await server.PostAsync(Create, new JsonObject { ["jwt"] = Jwt(server, audience) }, token: null);
            Assert.True(status == HttpStatusCode.OK, body.ToJsonString());
            Assert.Equal("2026-11-22T00:00:00Z", (string)body["expiresAt"]!);
            Assert.Equal("ACCEPTED", (await server.WriteAsync((string)body["iamToken"]!, server.Record())).Values.Single());
        }
    }

    [Fact]
    public async Task What_proves_nothing_is_refused()
    {
        await using RunningServer server = await StartAsync();
        JsonNode elsewhere = JsonValue.Create("https://iam.elsewhere.example/iam/v1/tokens");
        await AssertRefusedAsync(server, Create, new JsonObject { ["jwt"] = Jwt(server, elsewhere) }, null, 401, 16, "aud");
        await AssertRefusedAsync(server, Create, new JsonObject { ["jwt"] = Jwt(server, IdentityFixture.PublicAudience)[..^8] + "AAAAAAAA" }, null, 401, 16, "not signed");
        await AssertRefusedAsync(server, Create, new JsonObject { ["jwt"] = "no.jwt" }, null, 400, 3, "the JWT ");
        await AssertRefusedAsync(server, Create, new JsonObject { ["yandexPassportOauthToken"] = "AQAA" }, null, 400, 3, "there is no passport");
        await AssertRefusedAsync(server, Create, [], null, 400, 3, "jwt is required");
        await AssertRefusedAsync(
            server, Create, new JsonObject { ["jwt"] = "a", ["yandexPassportOauthToken"] = "b" }, null, 400, 3, "cannot be given together with");
    }

    [Fact]
    public async Task An_account_makes_tokens_for_itself_and_the_admin_for_anybody()
    {
        await using RunningServer server = await StartAsync();
        string own = await server.TokenAsync("acme-reporter");
        (_, JsonNode another) = await server.PostAsync(CreateForServiceAccount, Account("acme-reporter"), own);
        Assert.Equal("ACCEPTED", (await server.WriteAsync((string)another["iamToken"]!, server.Record())).Values.Single());

        await AssertRefusedAsync(server, CreateForServiceAccount, Account("first-customer-gateway"), own, 403, 7, "for itself only");
        await AssertRefusedAsync(server, CreateForServiceAccount, Account("acme-reporter"), null, 401, 16, "no token");
        await AssertRefusedAsync(server, CreateForServiceAccount, Account("no-such-account"), server.AdminToken, 404, 5, "no such service account");
        await AssertRefusedAsync(server, CreateForServiceAccount, Account(""), server.AdminToken, 400, 3, "service_account_id must have 1 to 50 characters");
        await AssertRefusedAsync(server, CreateForServiceAccount, Account(new string('x', 51)), server.AdminToken, 400, 3, "service_account_id");
    }

    [Fact]
    public async Task A_revoked_token_ends_at_once_and_its_siblings_live_on()
    {
        await using RunningServer server = await StartAsync();
        string first = await server.TokenAsync("acme-reporter"), second = await server.TokenAsync("acme-reporter");
        Assert.Equal("ACCEPTED", (await server.WriteAsync(first, server.Record())).Values.Single()); // verified and remembered
        for (int times = 0; times < 2; times++) // again is no fault
        {
            (HttpStatusCode status, JsonNode body) = await server.PostAsync(Revoke, new JsonObject { ["iamToken"] = first }, token: null);
            Assert.Equal((HttpStatusCode.OK, """{"subjectId":"acme-reporter"}"""), (status, body.ToJsonString()));
        }

        await AssertRefusedAsync(server, "/marketplace/metering/v1/productUsage/write", [], first, 401, 16, "the IAM token is revoked");
        Assert.Equal("ACCEPTED", (await server.WriteAsync(second, server.Record())).Values.Single());
        await AssertRefusedAsync(server, Revoke, new JsonObject { ["iamToken"] = "not ours" }, null, 400, 3, "not an IAM token that this server issued");
        await AssertRefusedAsync(server, Revoke, [], null, 400, 3, "iam_token must have 1 to 4096 characters");
    }

    [Fact]
    public async Task Keys_are_registered_once_and_for_accounts_that_exist()
    {
        await using RunningServer server = await StartAsync();
        JsonObject Key(string id, string account, string algorithm = "RSA_2048") => new()
        {
            ["keyId"] = id, ["serviceAccountId"] = account, ["keyAlgorithm"] = algorithm, ["publicKey"] = TestKeys.First.PublicPem(),
        };
        (HttpStatusCode status, JsonNode made) = await server.PostAsync("/metering/v1/keys", Key("mine", "acme-reporter"), server.AdminToken);
        Assert.Equal(
            (HttpStatusCode.OK, """{"keyId":"mine","serviceAccountId":"acme-reporter","createdAt":"2026-11-21T12:00:00Z"}"""), (status, made.ToJsonString()));
        await AssertRefusedAsync(server, "/metering/v1/keys", Key("mine", "acme-reporter"), server.AdminToken, 409, 6, "'mine' is taken");
        await AssertRefusedAsync(server, "/metering/v1/keys", Key("other", "nobody"), server.AdminToken, 404, 5, "there is no service account 'nobody'");
        await AssertRefusedAsync(server, "/metering/v1/keys", Key("other", "acme-reporter", "RSA_4096"), server.AdminToken, 400, 3, "2048");
        await AssertRefusedAsync(server, "/metering/v1/keys", Key("other", "acme-reporter"), "mma_wrong", 401, 16, "admin token");
    }

    private static Task<RunningServer> StartAsync() =>
        RunningServer.StartAsync(options => options.Advertise = "metering.example.org:8443", catalogYaml: Catalog);

    private static string Jwt(RunningServer server, JsonNode audience)
    {
        long now = server.Time.GetUtcNow().ToUnixTimeSeconds();
        return IdentityFixture.Sign(
            new JsonObject { ["alg"] = "PS256", ["typ"] = "JWT", ["kid"] = KeyId },
            new JsonObject { ["iss"] = "acme-reporter", ["aud"] = audience, ["iat"] = now, ["exp"] = now + 3600 });
    }

    private static JsonObject Account(string id) => new() { ["serviceAccountId"] = id };

    private static async Task AssertRefusedAsync(RunningServer server, string path, JsonObject body, string? token, int http, int code, string words)
    {
        (HttpStatusCode status, JsonNode answer) = await server.PostAsync(path, body, token);
        Assert.Equal((http, code), ((int)status, (int)answer["code"]!));
        Assert.Contains(words, (string)answer["message"]!);
    }
}
