using System.Buffers.Text;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Metering.Ledger;
using Microsoft.Extensions.Primitives;

namespace Metering.Server.Tests;

public sealed class TokenAuthorityTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Bearer ")]
    [InlineData("bearer ")]
    [InlineData("BEARER ")]
    [InlineData("Bearer   ")]
    public async Task The_name_of_the_scheme_is_not_case_sensitive(string scheme)
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        string token = fixture.NewToken();
        Assert.NotNull(fixture.Authority.Authenticate(scheme + token, fixture.Snapshot).Account);
        Assert.NotNull(fixture.Authority.Authenticate(scheme + token + " ", fixture.Snapshot).Account);
    }

    [Fact]
    public async Task Each_kind_of_refusal_has_its_words()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        string token = fixture.NewToken();
        AssertRefused(fixture.Authority.Authenticate(StringValues.Empty, fixture.Snapshot), "no token");
        AssertRefused(fixture.Authority.Authenticate("", fixture.Snapshot), "no token");
        var twice = new StringValues(["Bearer " + token, "Bearer " + token]);
        AssertRefused(fixture.Authority.Authenticate(twice, fixture.Snapshot), "not of the form");
        AssertRefused(fixture.Authority.Authenticate("Basic YTpi", fixture.Snapshot), "not of the form");
        AssertRefused(fixture.Authority.Authenticate("Bearer", fixture.Snapshot), "not of the form");
        AssertRefused(fixture.Authority.Authenticate("Bearer   ", fixture.Snapshot), "not of the form");
        AssertRefused(fixture.Authenticate("t1.garbage"), "not valid");
        AssertRefused(fixture.Authenticate(new string('a', 100_000)), "not valid");
        AssertRefused(fixture.Authenticate(fixture.GoodJwt()), "not valid");
    }

    [Fact]
    public async Task A_token_ends_on_time_whether_remembered_or_not()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync(new TokenOptions { Lifetime = TimeSpan.FromHours(1) });
        string remembered = fixture.NewToken();
        string other = fixture.NewToken();
        fixture.Time.Now = SettableTime.Start.AddHours(1).AddTicks(-1);
        Assert.NotNull(fixture.Authenticate(remembered).Account);
        fixture.Time.Now = SettableTime.Start.AddHours(1);
        AssertRefused(fixture.Authenticate(remembered), "has expired");
        AssertRefused(fixture.Authenticate(other), "has expired");
        Assert.Equal(0, fixture.Authority.RememberedTokens);
    }

    [Fact]
    public async Task A_revoked_token_is_refused_at_once_and_after_a_restart()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        string token = fixture.NewToken();
        string neighbour = fixture.NewToken();
        Assert.NotNull(fixture.Authenticate(token).Account);

        Assert.Equal(IdentityFixture.AccountId, (await fixture.Authority.RevokeAsync(token, Cancellation)).SubjectId);
        AssertRefused(fixture.Authenticate(token), "is revoked, or its key or service account is gone");
        Assert.NotNull(fixture.Authenticate(neighbour).Account);
        Assert.Equal(IdentityFixture.AccountId, (await fixture.Authority.RevokeAsync(token, Cancellation)).SubjectId);
        Assert.Single(fixture.Store.Revoked);

        IdentityFixture restarted = await IdentityFixture.StartAsync(store: fixture.Store);
        AssertRefused(restarted.Authenticate(token), "is revoked");
        Assert.NotNull(restarted.Authenticate(neighbour).Account);
    }

    [Fact]
    public async Task A_token_that_was_never_used_can_be_revoked()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        string token = fixture.NewToken();
        await fixture.Authority.RevokeAsync(token, Cancellation);
        AssertRefused(fixture.Authenticate(token), "is revoked");
    }

    [Fact]
    public async Task Revoking_an_ended_token_answers_whose_it_was_and_stores_nothing()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        string token = fixture.NewToken();
        fixture.Time.Now = fixture.Time.Now.AddDays(1);
        Assert.Equal(IdentityFixture.AccountId, (await fixture.Authority.RevokeAsync(token, Cancellation)).SubjectId);
        Assert.Empty(fixture.Store.Revoked);
    }

    [Fact]
    public async Task Revoking_what_is_no_token_is_refused()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        foreach (string text in new[] { "", "garbage", fixture.GoodJwt(), fixture.NewToken() + "A" })
        {
            TokenRevocation revocation = await fixture.Authority.RevokeAsync(text, Cancellation);
            Assert.Null(revocation.SubjectId);
            Assert.Equal(RefusalKind.InvalidForm, revocation.Refusal!.Kind);
        }
    }

    [Fact]
    public async Task A_token_given_up_is_out_of_use_even_if_the_store_fails()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        string token = fixture.NewToken();
        fixture.Store.Fails = true;
        await Assert.ThrowsAsync<IOException>(() => fixture.Authority.RevokeAsync(token, Cancellation));
        AssertRefused(fixture.Authenticate(token), "is revoked");
    }

    [Fact]
    public async Task A_token_goes_with_its_key_and_with_its_account()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        string token = fixture.NewToken();
        Assert.NotNull(fixture.Authenticate(token).Account);
        fixture.Snapshot = IdentityFixture.Catalog(2, hasKey: false);
        AssertRefused(fixture.Authenticate(token), "its key or service account is gone");
        fixture.Snapshot = IdentityFixture.Catalog(3);
        Assert.NotNull(fixture.Authenticate(token).Account);
        fixture.Snapshot = IdentityFixture.Catalog(4, hasAccount: false);
        AssertRefused(fixture.Authenticate(token), "its key or service account is gone");
    }

    [Fact]
    public async Task Each_request_is_judged_by_the_catalog_that_it_took()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        string token = fixture.NewToken();
        CatalogSnapshot before = fixture.Snapshot;
        CatalogSnapshot after = IdentityFixture.Catalog(2, hasKey: false);
        for (int round = 0; round < 3; round++)
        {
            AccountEntry account = fixture.Authority.Authenticate("Bearer " + token, before).Account!.Account;
            Assert.Same(before.FindAccount(IdentityFixture.AccountId), account);
            AssertRefused(fixture.Authority.Authenticate("Bearer " + token, after), "is gone");
        }
    }

    [Fact]
    public async Task A_hit_allocates_nothing()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        var header = new StringValues("Bearer " + fixture.NewToken());
        Assert.NotNull(fixture.Authority.Authenticate(header, fixture.Snapshot).Account);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < 1000; round++)
            fixture.Authority.Authenticate(header, fixture.Snapshot);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public async Task No_more_tokens_are_remembered_than_allowed_and_forgotten_ones_still_hold()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync(new TokenOptions { VerifiedTokens = 10 });
        string[] tokens = [.. Enumerable.Range(0, 40).Select(_ => fixture.Authority.Issue(IdentityFixture.AccountId, null).Text)];
        foreach (string token in tokens.Concat(tokens))
        {
            Assert.NotNull(fixture.Authenticate(token).Account);
            Assert.InRange(fixture.Authority.RememberedTokens, 1, 10);
        }
    }

    [Fact]
    public async Task Racing_requests_never_exceed_the_bound()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync(new TokenOptions { VerifiedTokens = 8 });
        string[] tokens = [.. Enumerable.Range(0, 64).Select(_ => fixture.Authority.Issue(IdentityFixture.AccountId, null).Text)];
        await Parallel.ForEachAsync(Enumerable.Range(0, 8), Cancellation, (start, _) =>
        {
            for (int step = 0; step < 256; step++)
            {
                Assert.NotNull(fixture.Authenticate(tokens[((start * 8) + step) % tokens.Length]).Account);
                Assert.InRange(fixture.Authority.RememberedTokens, 0, 12); // both generations are read one after the other
            }

            return ValueTask.CompletedTask;
        });
        Assert.InRange(fixture.Authority.RememberedTokens, 1, 8);
    }

    [Fact]
    public async Task A_bad_token_is_never_remembered()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        string token = fixture.NewToken();
        for (int round = 0; round < 20; round++)
            AssertRefused(fixture.Authenticate(token + "A"), "not valid");
        Assert.Equal(0, fixture.Authority.RememberedTokens);
    }

    [Fact]
    public async Task The_first_start_makes_a_signing_key_and_later_ones_use_it()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        string token = fixture.NewToken();
        IdentityFixture restarted = await IdentityFixture.StartAsync(store: fixture.Store);
        Assert.Single(fixture.Store.Keys);
        Assert.NotNull(restarted.Authenticate(token).Account);
    }

    [Fact]
    public async Task Signing_keys_rotate_without_dropping_tokens_here_or_on_another_node()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        IdentityFixture otherNode = await IdentityFixture.StartAsync(store: fixture.Store);
        string old = fixture.NewToken();
        await fixture.Authority.RotateSigningKeyAsync(dropOlder: false, Cancellation);
        string fresh = fixture.NewToken();
        Assert.NotEqual(KidOf(old), KidOf(fresh));
        Assert.Equal(fixture.Store.Keys[^1].Id, KidOf(fresh));
        Assert.NotNull(fixture.Authenticate(old).Account);
        Assert.NotNull(fixture.Authenticate(fresh).Account);

        AssertRefused(otherNode.Authenticate(fresh), "not valid");
        await fixture.Authority.RevokeAsync(old, Cancellation);
        await otherNode.Authority.RefreshAsync(Cancellation);
        Assert.NotNull(otherNode.Authenticate(fresh).Account);
        AssertRefused(otherNode.Authenticate(old), "is revoked");
    }

    [Fact]
    public async Task A_token_of_another_server_is_refused()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        IdentityFixture other = await IdentityFixture.StartAsync();
        AssertRefused(fixture.Authenticate(other.NewToken()), "not valid");
    }

    [Fact]
    public async Task Another_jwt_signed_with_the_servers_own_key_does_not_pass_for_a_token()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        string token = fixture.NewToken();
        JsonObject header = PartOf(token, 0);
        JsonObject payload = PartOf(token, 1);
        Assert.NotNull(fixture.Authenticate(SignAsServer(fixture, header, payload)).Account);

        foreach ((string part, string member, string value) in new[]
        {
            ("header", "typ", "JWT"), ("header", "alg", "none"), ("header", "alg", "HS256"), ("header", "kid", "other"),
            ("payload", "aud", "someone"), ("payload", "iss", "someone"),
        })
        {
            (JsonObject changedHeader, JsonObject changedPayload) = (PartOf(token, 0), PartOf(token, 1));
            (part == "header" ? changedHeader : changedPayload)[member] = value;
            AssertRefused(fixture.Authenticate(SignAsServer(fixture, changedHeader, changedPayload)), "not valid");
        }

        foreach (string member in new[] { "jti", "sub", "exp", "iss", "aud" })
        {
            JsonObject lacking = PartOf(token, 1);
            lacking.Remove(member);
            AssertRefused(fixture.Authenticate(SignAsServer(fixture, header, lacking)), "not valid");
        }
    }

    [Fact]
    public async Task A_token_with_a_changed_payload_is_refused()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        string[] parts = fixture.NewToken().Split('.');
        JsonObject payload = PartOf(string.Join('.', parts), 1);
        payload["sub"] = "aje-other";
        AssertRefused(fixture.Authenticate($"{parts[0]}.{IdentityFixture.Encode(payload.ToJsonString())}.{parts[2]}"), "not valid");
        AssertRefused(fixture.Authenticate($"{parts[0]}.{parts[1]}."), "not valid");
    }

    [Fact]
    public async Task A_token_has_one_spelling_although_its_signature_has_two()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        string token = fixture.NewToken();
        int start = token.LastIndexOf('.') + 1;
        byte[] signature = Base64Url.DecodeFromChars(token.AsSpan(start));
        Assert.True(CanonicalSignature.Is(signature));
        var order = new BigInteger(
            Convert.FromHexString("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"), isUnsigned: true, isBigEndian: true);
        byte[] other = [.. signature.AsSpan(0, 32), .. (order - new BigInteger(signature.AsSpan(32), isUnsigned: true, isBigEndian: true)).ToByteArray(isUnsigned: true, isBigEndian: true)];

        // Control: for the key itself the two are as good as each other.
        using var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(fixture.Store.Keys[^1].PrivateKey, out _);
        Assert.True(key.VerifyData(Encoding.ASCII.GetBytes(token[..(start - 1)]), other, HashAlgorithmName.SHA256));
        AssertRefused(fixture.Authenticate(token[..start] + Base64Url.EncodeToString(other)), "not valid");
        CanonicalSignature.Make(other);
        Assert.Equal(signature, other);
    }

    [Fact]
    public async Task Two_thousand_altered_tokens_are_all_refused()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        string token = fixture.NewToken();
        Assert.NotNull(fixture.Authenticate(token).Account);
        var random = new Random(20260302);
        for (int round = 0; round < 2000; round++)
        {
            string altered = Mutations.Alter(token, random).Trim(' ');
            Assert.True(altered == token || fixture.Authenticate(altered).Account is null, altered);
        }
    }

    [Fact]
    public async Task An_account_creates_tokens_for_itself_only_and_they_live_by_the_same_key()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        AuthenticatedAccount caller = fixture.Authenticate(fixture.NewToken()).Account!;
        string token = fixture.Authority.IssueForServiceAccount(caller, IdentityFixture.AccountId).Token!.Text;
        Assert.Equal(IdentityFixture.KeyId, fixture.Authenticate(token).Account!.KeyId);
        fixture.Snapshot = IdentityFixture.Catalog(2, hasKey: false);
        AssertRefused(fixture.Authenticate(token), "is gone");

        Refusal foreign = fixture.Authority.IssueForServiceAccount(caller, "aje-other").Refusal!;
        Assert.Equal(RefusalKind.NotPermitted, foreign.Kind);
        Assert.Equal(foreign, fixture.Authority.IssueForServiceAccount(caller, "aje-unknown").Refusal);
    }

    [Fact]
    public async Task The_admin_creates_tokens_for_any_account_that_exists()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        string token = fixture.Authority.IssueForAdmin("aje-other", fixture.Snapshot).Token!.Text;
        AuthenticatedAccount account = fixture.Authenticate(token).Account!;
        Assert.Equal("aje-other", account.Account.Account.Id);
        Assert.Null(account.KeyId);
        Assert.Equal(RefusalKind.NotFound, fixture.Authority.IssueForAdmin("aje-unknown", fixture.Snapshot).Refusal!.Kind);
    }

    [Fact]
    public async Task A_lifetime_shorter_than_an_hour_is_refused_at_start()
    {
        ArgumentException exception = await Assert.ThrowsAsync<ArgumentException>(
            () => IdentityFixture.StartAsync(new TokenOptions { Lifetime = TimeSpan.FromMinutes(59) }));
        Assert.Contains("the IAM token lifetime is 00:59:00; allowed: 01:00:00 to 7.00:00:00", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_signing_key_is_named_at_start()
    {
        var store = new CredentialStoreInMemory();
        await store.AddSigningKeyAsync(new SigningKey("sk-1", SettableTime.Start, [1, 2, 3]), Cancellation);
        CryptographicException exception =
            await Assert.ThrowsAsync<CryptographicException>(() => IdentityFixture.StartAsync(store: store));
        Assert.Contains("signing key 'sk-1' is damaged", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_issued_token_does_not_spill_its_secret_into_a_log_line()
    {
        IdentityFixture fixture = await IdentityFixture.StartAsync();
        IssuedToken token = fixture.Authority.Issue(IdentityFixture.AccountId, null);
        Assert.DoesNotContain(token.Text, token.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(token.Text, new TokenIssue(token, null).ToString(), StringComparison.Ordinal);
    }

    private static void AssertRefused(Authentication authentication, string words)
    {
        Assert.Null(authentication.Account);
        Assert.Equal(RefusalKind.Unauthenticated, authentication.Refusal!.Kind);
        Assert.Contains(words, authentication.Refusal.Message, StringComparison.Ordinal);
    }

    private static JsonObject PartOf(string token, int part) =>
        JsonNode.Parse(Base64Url.DecodeFromChars(token.Split('.')[part]))!.AsObject();

    private static string KidOf(string token) => PartOf(token, 0)["kid"]!.GetValue<string>();

    private static string SignAsServer(IdentityFixture fixture, JsonObject header, JsonObject payload)
    {
        using var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(fixture.Store.Keys[^1].PrivateKey, out _);
        string unsigned = IdentityFixture.Unsigned(header, payload);
        byte[] signature = key.SignData(Encoding.ASCII.GetBytes(unsigned), HashAlgorithmName.SHA256);
        CanonicalSignature.Make(signature);
        return unsigned + "." + Base64Url.EncodeToString(signature);
    }
}
