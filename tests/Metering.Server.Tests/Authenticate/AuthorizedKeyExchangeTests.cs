using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Metering.Ledger;

namespace Metering.Server.Tests;

public sealed class AuthorizedKeyExchangeTests
{
    private const RefusalKind Malformed = RefusalKind.InvalidForm;
    private const RefusalKind Unauthenticated = RefusalKind.Unauthenticated;
    private const string NotProved = "not signed by an authorized key";

    [Fact]
    public async Task A_signed_jwt_becomes_a_token_of_its_account_and_key()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        IssuedToken token = fixture.TryExchange(fixture.GoodJwt()).Token!;
        Assert.Equal(SettableTime.Start.AddHours(12), token.ExpiresAt);
        Assert.True(token.Text.Length <= Limits.IamTokenCharacters);
        AuthenticatedAccount account = fixture.Authenticate(token.Text).Account!;
        Assert.Equal(IdentityFixture.AccountId, account.Account.Account.Id);
        Assert.Equal(IdentityFixture.KeyId, account.KeyId);
        Assert.Equal(token.ExpiresAt, account.ExpiresAt);
    }

    [Fact]
    public async Task A_key_of_4096_bits_proves_too()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        JsonObject header = fixture.Header();
        JsonObject payload = fixture.Payload();
        header["kid"] = "ajk-4096";
        payload["iss"] = "aje-other";
        Assert.NotNull(fixture.TryExchange(IdentityFixture.Sign(header, payload, TestKeys.Large)).Token);
    }

    [Theory]
    [InlineData("\"https://iam.api.cloud.yandex.net/iam/v1/tokens\"")]
    [InlineData("\"https://iam.metering.example:8443/iam/v1/tokens\"")]
    [InlineData("\"https://iam.metering.example/iam/v1/tokens\"")]
    [InlineData("[\"https://iam.api.cloud.yandex.net/iam/v1/tokens\"]")]
    [InlineData("[\"https://elsewhere.example\",\"https://iam.metering.example:8443/iam/v1/tokens\"]")]
    [InlineData("[7,\"https://iam.metering.example:8443/iam/v1/tokens\"]")]
    public async Task The_audience_may_be_a_string_or_an_array(string audience)
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        JsonObject payload = fixture.Payload();
        payload["aud"] = JsonNode.Parse(audience);
        Assert.NotNull(fixture.TryExchange(IdentityFixture.Sign(fixture.Header(), payload)).Token);
    }

    [Theory]
    [InlineData("\"https://iam.other.example/iam/v1/tokens\"")]
    [InlineData("[]")]
    [InlineData("[null]")]
    [InlineData("\"https://IAM.api.cloud.yandex.net/iam/v1/tokens/\"")]
    public async Task A_jwt_for_somebody_else_is_refused_and_told_what_is_accepted(string audience)
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        fixture.AssertPayloadRefused("aud", JsonNode.Parse(audience), Unauthenticated, "https://iam.metering.example:8443/iam/v1/tokens");
    }

    [Theory]
    [InlineData(0, 3600, true)]
    [InlineData(30, 3630, true)]
    [InlineData(31, 3631, false)]
    [InlineData(0.5, 3600.5, true)]
    [InlineData(-3600, 0, true)]
    [InlineData(-3629, -29, true)]
    [InlineData(-3630, -30, false)]
    [InlineData(0, 3601, false)]
    [InlineData(0, 0, false)]
    [InlineData(10, 5, false)]
    public async Task The_times_are_checked_with_thirty_seconds_of_skew(double issued, double expires, bool accepted)
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        JsonObject payload = fixture.Payload();
        payload["iat"] = fixture.Time.Now.ToUnixTimeSeconds() + issued;
        payload["exp"] = fixture.Time.Now.ToUnixTimeSeconds() + expires;
        Assert.Equal(accepted, fixture.TryExchange(IdentityFixture.Sign(fixture.Header(), payload)).Token is not null);
    }

    [Fact]
    public async Task An_iat_rounded_half_a_second_ahead_is_accepted()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        string jwt = fixture.GoodJwt();
        fixture.Time.Now = SettableTime.Start.AddMilliseconds(-500);
        Assert.NotNull(fixture.TryExchange(jwt).Token);
    }

    [Fact]
    public async Task Each_wrong_time_is_named()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        long now = fixture.Time.Now.ToUnixTimeSeconds();
        fixture.AssertPayloadRefused("exp", now + 3601, Unauthenticated, "exp is more than 3600 s after its iat");
        fixture.AssertPayloadRefused("exp", now, Unauthenticated, "exp is not after its iat");
        fixture.AssertPayloadRefused("iat", now + 60, Unauthenticated, "not valid yet; the server's clock says 2026-03-01T12:00:00Z");
        fixture.AssertPayloadRefused("nbf", now + 31, Unauthenticated, "not valid yet");
        string jwt = fixture.GoodJwt();
        fixture.Time.Now = fixture.Time.Now.AddHours(2);
        fixture.AssertRefused(jwt, Unauthenticated, "has expired; the server's clock says 2026-03-01T14:00:00Z");
    }

    [Fact]
    public async Task A_not_before_within_the_skew_is_accepted()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        JsonObject payload = fixture.Payload();
        payload["nbf"] = fixture.Time.Now.ToUnixTimeSeconds() + 30;
        Assert.NotNull(fixture.TryExchange(IdentityFixture.Sign(fixture.Header(), payload)).Token);
    }

    [Theory]
    [InlineData("iss", null, "no iss")]
    [InlineData("iss", "7", "no iss")]
    [InlineData("iss", "\"\"", "no iss")]
    [InlineData("iss", "\"\\ud800\"", "no iss")]
    [InlineData("aud", null, "no aud")]
    [InlineData("aud", "{}", "no aud")]
    [InlineData("iat", null, "no iat")]
    [InlineData("iat", "\"1\"", "no iat")]
    [InlineData("iat", "-1", "no iat")]
    [InlineData("iat", "1e300", "no iat")]
    [InlineData("exp", null, "no exp")]
    [InlineData("exp", "true", "no exp")]
    [InlineData("nbf", "\"soon\"", "nbf is not a time")]
    public async Task A_claim_that_is_missing_or_of_the_wrong_type_is_named(string claim, string? value, string words)
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        string payload = fixture.Payload().ToJsonString();
        JsonObject withoutClaim = JsonNode.Parse(payload)!.AsObject();
        withoutClaim.Remove(claim);
        string text = withoutClaim.ToJsonString();
        if (value is not null)
            text = text[..^1] + $",\"{claim}\":{value}}}"; // as text: a JsonNode would mend what is to stay broken
        string unsigned = IdentityFixture.Encode(fixture.Header().ToJsonString()) + "." + IdentityFixture.Encode(text);
        fixture.AssertRefused(unsigned + "." + SignatureOf(unsigned, TestKeys.First), Malformed, words);
    }

    [Fact]
    public async Task Unknown_key_wrong_key_and_changed_payload_are_refused_in_the_same_words()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        JsonObject unknown = fixture.Header();
        unknown["kid"] = "ajk-unknown";
        string good = fixture.GoodJwt();
        JsonObject otherPayload = fixture.Payload();
        otherPayload["exp"] = fixture.Time.Now.ToUnixTimeSeconds() + 3599;
        string[] forged =
        [
            IdentityFixture.Sign(unknown, fixture.Payload()),
            IdentityFixture.Sign(fixture.Header(), fixture.Payload(), TestKeys.Second),
            IdentityFixture.Sign(fixture.Header(), fixture.Payload(), TestKeys.Large),
            IdentityFixture.Unsigned(fixture.Header(), otherPayload) + good[good.LastIndexOf('.')..],
            good[..(good.LastIndexOf('.') + 1)],
            good[..(good.LastIndexOf('.') + 5)],
        ];
        string[] refusals = [.. forged.Select(jwt => fixture.TryExchange(jwt).Refusal!.ToString()).Distinct()];
        Assert.Single(refusals);
        Assert.Contains(NotProved, refusals[0], StringComparison.Ordinal);
        Assert.Contains(nameof(Unauthenticated), refusals[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_issuer_has_to_be_the_account_of_the_key()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        fixture.AssertPayloadRefused("iss", "aje-other", Unauthenticated, "iss is not the service account that its key belongs to");
    }

    [Fact]
    public async Task A_key_or_account_that_is_gone_proves_nothing()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        fixture.Snapshot = IdentityFixture.Catalog(2, hasKey: false);
        fixture.AssertRefused(fixture.GoodJwt(), Unauthenticated, NotProved);
        fixture.Snapshot = IdentityFixture.Catalog(3, hasAccount: false);
        fixture.AssertRefused(fixture.GoodJwt(), Unauthenticated, NotProved);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("None")]
    [InlineData("HS256")]
    [InlineData("RS256")]
    [InlineData("PS384")]
    [InlineData("ps256")]
    [InlineData("ES256")]
    public async Task No_algorithm_but_PS256_is_accepted_however_it_is_signed(string algorithm)
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        JsonObject header = fixture.Header();
        header["alg"] = algorithm;
        string unsigned = IdentityFixture.Unsigned(header, fixture.Payload());
        byte[] bytes = Encoding.ASCII.GetBytes(unsigned);
        byte[] publicKey = Encoding.ASCII.GetBytes(TestKeys.First.PublicPem());
        string[] signatures =
        [
            "",
            Base64Url.EncodeToString(HMACSHA256.HashData(publicKey, bytes)),
            Base64Url.EncodeToString(TestKeys.First.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)),
            SignatureOf(unsigned, TestKeys.First),
        ];
        foreach (string signature in signatures)
            fixture.AssertRefused($"{unsigned}.{signature}", Unauthenticated, "alg is not PS256");
    }

    [Fact]
    public async Task A_key_that_the_jwt_itself_brings_along_or_points_to_is_ignored()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        RSAParameters own = TestKeys.Second.ExportParameters(false);
        JsonObject header = fixture.Header();
        header["jwk"] = new JsonObject { ["kty"] = "RSA", ["n"] = Base64Url.EncodeToString(own.Modulus), ["e"] = "AQAB" };
        header["jku"] = "https://evil.example/keys";
        header["x5u"] = "https://evil.example/certificate";
        header["x5c"] = new JsonArray(Convert.ToBase64String(TestKeys.Second.ExportSubjectPublicKeyInfo()));
        fixture.AssertRefused(IdentityFixture.Sign(header, fixture.Payload(), TestKeys.Second), Unauthenticated, NotProved);
        Assert.NotNull(fixture.TryExchange(IdentityFixture.Sign(header, fixture.Payload())).Token);
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("a", "is not of the form header.payload.signature")]
    [InlineData("a.b", "is not of the form header.payload.signature")]
    [InlineData("e30.e30.e30.e30", "is not of the form header.payload.signature")]
    [InlineData("e30.e30.e30.e30.e30", "is not of the form header.payload.signature")]
    [InlineData("..", "header that is not a JSON object")]
    [InlineData("e30=.e30.", "header that is not a JSON object")]
    [InlineData("e30 .e30.", "header that is not a JSON object")]
    [InlineData("e31.e30.", "header that is not a JSON object")]
    [InlineData("W10.e30.", "header that is not a JSON object")]
    [InlineData("e30.W10.", "payload that is not a JSON object")]
    [InlineData("e30.e30.a+b/", "signature that is not base64url")]
    [InlineData("e30.e30.", "header has no alg")]
    public async Task A_malformed_jwt_is_refused_as_such(string jwt, string words)
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        fixture.AssertRefused(jwt, Malformed, words);
    }

    [Fact]
    public async Task A_member_given_twice_a_critical_extension_and_a_missing_kid_are_malformed()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        string payload = IdentityFixture.Encode(fixture.Payload().ToJsonString());
        string twice = IdentityFixture.Encode("{\"alg\":\"none\",\"alg\":\"PS256\"}");
        fixture.AssertRefused($"{twice}.{payload}.", Malformed, "header that is not a JSON object");
        JsonObject header = fixture.Header();
        header["crit"] = new JsonArray("b64");
        fixture.AssertRefused(IdentityFixture.Sign(header, fixture.Payload()), Malformed, "demands extensions (crit, b64)");
        header = fixture.Header();
        header["b64"] = false;
        fixture.AssertRefused(IdentityFixture.Sign(header, fixture.Payload()), Malformed, "demands extensions (crit, b64)");
        header = fixture.Header();
        header.Remove("kid");
        fixture.AssertRefused(IdentityFixture.Sign(header, fixture.Payload()), Malformed, "no kid");
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("\"jwt\"", true)]
    [InlineData("\"at+jwt\"", false)]
    [InlineData("\"metering-iam+jwt\"", false)]
    [InlineData("7", false)]
    public async Task A_jwt_made_for_something_else_is_refused_by_its_type(string? type, bool accepted)
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        JsonObject header = fixture.Header();
        header.Remove("typ");
        if (type is not null)
            header["typ"] = JsonNode.Parse(type);
        string jwt = IdentityFixture.Sign(header, fixture.Payload());
        if (accepted)
            Assert.NotNull(fixture.TryExchange(jwt).Token);
        else
            fixture.AssertRefused(jwt, Malformed, "typ is not JWT");
    }

    [Fact]
    public async Task A_jwt_may_be_exchanged_again_until_it_ends_and_no_longer_than_its_key_lives()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        string jwt = fixture.GoodJwt();
        Assert.NotEqual(fixture.TryExchange(jwt).Token!.Text, fixture.TryExchange(jwt).Token!.Text);
        fixture.Time.Now = SettableTime.Start + Limits.JwtLifetime + Limits.JwtSkew - TimeSpan.FromTicks(1);
        Assert.NotNull(fixture.TryExchange(jwt).Token);
        fixture.Snapshot = IdentityFixture.Catalog(2, hasKey: false);
        fixture.AssertRefused(jwt, Unauthenticated, NotProved);
    }

    [Fact]
    public async Task A_jwt_longer_than_8000_characters_is_refused_unread()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        fixture.AssertRefused(new string('a', 8001), Malformed, "has 8001 characters; at most 8000 are allowed");
    }

    [Fact]
    public async Task Many_clients_exchange_at_the_same_time()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        string good = fixture.GoodJwt();
        string bad = IdentityFixture.Sign(fixture.Header(), fixture.Payload(), TestKeys.Second);
        await Parallel.ForEachAsync(Enumerable.Range(0, 200), TestContext.Current.CancellationToken, (round, _) =>
        {
            IssuedToken token = fixture.TryExchange(good).Token!;
            Assert.Equal(IdentityFixture.KeyId, fixture.Authenticate(token.Text).Account!.KeyId);
            Assert.Null(fixture.TryExchange(bad).Token);
            return ValueTask.CompletedTask;
        });
    }

    [Fact]
    public async Task Two_thousand_altered_jwts_are_all_refused_without_a_fault()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        string good = fixture.GoodJwt();
        var random = new Random(20260301);
        for (int round = 0; round < 2000; round++)
        {
            string altered = Mutations.Alter(good, random);
            Assert.True(fixture.TryExchange(altered).Token is null, altered.ToString(CultureInfo.InvariantCulture));
        }
    }

    private static string SignatureOf(string unsigned, RSA key) => Base64Url.EncodeToString(
        key.SignData(Encoding.ASCII.GetBytes(unsigned), HashAlgorithmName.SHA256, RSASignaturePadding.Pss));
}
