using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Metering.Ledger;

namespace Metering.Server.Tests;

/// <summary>A publisher's account with a key, a server that knows it, and a client that signs as told.</summary>
internal sealed class IdentityFixture
{
    public const string AccountId = "aje-acme";
    public const string KeyId = "ajk-1";
    public const string PublicAudience = "https://iam.api.cloud.yandex.net/iam/v1/tokens";

    private IdentityFixture(TokenAuthority authority, CredentialStoreInMemory store, SettableTime time)
    {
        Authority = authority;
        Store = store;
        Time = time;
        Exchange = new AuthorizedKeyExchange(authority, "metering.example:8443", time);
    }

    public TokenAuthority Authority { get; }

    public AuthorizedKeyExchange Exchange { get; }

    public CredentialStoreInMemory Store { get; }

    public SettableTime Time { get; }

    public CatalogSnapshot Snapshot { get; set; } = Catalog(1);

    public static async Task<IdentityFixture> StartAsync(TokenOptions? options = null, CredentialStoreInMemory? store = null)
    {
        store ??= new CredentialStoreInMemory();
        var time = new SettableTime();
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        TokenAuthority authority = await TokenAuthority.StartAsync(store, time, options ?? new TokenOptions(), cancellation);
        return new IdentityFixture(authority, store, time);
    }

    public static CatalogSnapshot Catalog(long version, bool hasKey = true, bool hasAccount = true) => new(new StoredCatalog(version, [
        new StoredObject(1, new Publisher("acme", "Acme"), false),
        new StoredObject(2, new ServiceAccount(AccountId, "Reporter", "acme", null, [ServiceAccount.MeteringAgent]), !hasAccount),
        new StoredObject(3, new AuthorizedKey(KeyId, AccountId, SettableTime.Start, "RSA_2048", TestKeys.First.PublicPem(), true), !hasKey),
        new StoredObject(4, new ServiceAccount("aje-other", "Other", "acme", null, []), false),
        new StoredObject(5, new AuthorizedKey("ajk-4096", "aje-other", SettableTime.Start, "RSA_4096", TestKeys.Large.PublicPem(), true), false),
    ]));

    public JsonObject Header() => new() { ["alg"] = "PS256", ["typ"] = "JWT", ["kid"] = KeyId };

    public JsonObject Payload() => new()
    {
        ["iss"] = AccountId,
        ["aud"] = PublicAudience,
        ["iat"] = Time.Now.ToUnixTimeSeconds(),
        ["exp"] = Time.Now.ToUnixTimeSeconds() + 3600,
    };

    public static string Unsigned(JsonObject header, JsonObject payload) =>
        Encode(header.ToJsonString()) + "." + Encode(payload.ToJsonString());

    public static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    public static string Sign(JsonObject header, JsonObject payload, RSA? key = null)
    {
        string unsigned = Unsigned(header, payload);
        byte[] bytes = Encoding.ASCII.GetBytes(unsigned);
        byte[] signature = (key ?? TestKeys.First).SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pss);
        return unsigned + "." + Base64Url.EncodeToString(signature);
    }

    public string GoodJwt() => Sign(Header(), Payload());

    public TokenIssue TryExchange(string jwt) => Exchange.Exchange(jwt, Snapshot);

    /// <summary>A token from the key.</summary>
    public string NewToken() => TryExchange(GoodJwt()).Token!.Text;

    public Authentication Authenticate(string token) => Authority.Authenticate("Bearer " + token, Snapshot);

    /// <summary>Asserts that the JWT with one member of its payload changed is refused, and in which words.</summary>
    public void AssertPayloadRefused(string member, JsonNode? value, RefusalKind kind, string words)
    {
        JsonObject payload = Payload();
        payload.Remove(member);
        if (value is not null)
            payload[member] = value;
        AssertRefused(Sign(Header(), payload), kind, words);
    }

    public void AssertRefused(string jwt, RefusalKind kind, string words)
    {
        TokenIssue issue = TryExchange(jwt);
        Assert.Null(issue.Token);
        Assert.NotNull(issue.Refusal);
        Assert.Equal(kind, issue.Refusal.Kind);
        Assert.Contains(words, issue.Refusal.Message, StringComparison.Ordinal);
    }
}
