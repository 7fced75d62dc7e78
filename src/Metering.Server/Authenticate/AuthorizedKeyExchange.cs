using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using Metering.Ledger;
using Microsoft.IdentityModel.Tokens;

namespace Metering.Server;

/// <summary>
/// Exchanges a JWT that a client signed with its authorized key for an IAM token (RFC 7523, hardened by RFC 8725): one
/// algorithm, PS256; <c>kid</c> names exactly one key of the catalog, and no other member of the header names a key
/// (<c>jku</c>, <c>x5u</c>, <c>x5c</c>, <c>jwk</c> and the like are ignored); <c>typ</c> is JWT if it is there at all;
/// <c>iss</c>, <c>aud</c>, <c>iat</c> and <c>exp</c> are required.
/// </summary>
/// <remarks>
/// Thread-safe. A JWT may be exchanged again until it ends, which is at most <see cref="Limits.JwtLifetime"/> and twice
/// <see cref="Limits.JwtSkew"/> after it is first taken. Official SDKs do so: they put no <c>jti</c> in, repeat a call
/// that failed, and several processes sign within the same second; so a JWT that was seen before cannot be told from a
/// retry. Deleting its key ends the JWT and all that came of it at once.
/// </remarks>
public sealed class AuthorizedKeyExchange : ITokenExchange
{
    private const string TokenType = "JWT";
    private const string PublicAudience = "https://iam.api.cloud.yandex.net/iam/v1/tokens";

    private static readonly Refusal NotProved = Refusal.Unauthenticated(
        "the JWT is not signed by an authorized key that is known here: check its kid, and that the private key belongs to it");

    private static readonly CryptoProviderFactory Cryptography = new() { CacheSignatureProviders = false };

    private readonly ConditionalWeakTable<AuthorizedKey, SignatureProvider> _verifiers = [];
    private readonly SignatureProvider _decoy;
    private readonly string[] _audiences;
    private readonly TokenAuthority _authority;
    private readonly TimeProvider _time;

    /// <summary>Makes the exchange.</summary>
    /// <param name="authority">Issues the tokens.</param>
    /// <param name="advertisedEndpoint">Host, or host:port, under which clients know this server.</param>
    /// <param name="time">The clock.</param>
    public AuthorizedKeyExchange(TokenAuthority authority, string advertisedEndpoint, TimeProvider time)
    {
        _authority = authority;
        _time = time;
        string advertisedHost = AdvertisedEndpoint.WithoutPort(advertisedEndpoint);
        _audiences = [.. new[] { PublicAudience, AudienceOf(advertisedEndpoint), AudienceOf(advertisedHost) }.Distinct()];
        _decoy = MakeDecoy();
    }

    /// <summary>Checks a JWT against the catalog and issues a token for the account that it proves.</summary>
    /// <returns>A token; or a refusal, <see cref="RefusalKind.InvalidForm"/> for a JWT that lacks the form,
    /// <see cref="RefusalKind.Unauthenticated"/> for one that proves nothing.</returns>
    public TokenIssue Exchange(string jwt, CatalogSnapshot snapshot)
    {
        Refusal? refusal = Check(jwt, snapshot, out AuthorizedKey? key);
        return refusal is null && key is not null
            ? new TokenIssue(_authority.Issue(key.ServiceAccountId, key.Id), null)
            : new TokenIssue(null, refusal ?? NotProved);
    }

    private Refusal? Check(string text, CatalogSnapshot snapshot, out AuthorizedKey? key)
    {
        key = null;
        if (text.Length == 0)
            return Refusal.InvalidForm("the JWT is empty");
        if (text.Length > Limits.JwtCharacters)
            return Refusal.InvalidForm($"the JWT has {text.Length} characters; at most {Limits.JwtCharacters} are allowed");
        if (!Jwt.TryRead(text, out Jwt? jwt, out string fault))
            return Refusal.InvalidForm($"the JWT {fault}");
        if (Jwt.Text(jwt.Header, "alg") is not { } algorithm)
            return Refusal.InvalidForm("the JWT's header has no alg");
        if (algorithm != SecurityAlgorithms.RsaSsaPssSha256)
            return Refusal.Unauthenticated($"the JWT's alg is not {SecurityAlgorithms.RsaSsaPssSha256}, the only one accepted");
        if (Jwt.Text(jwt.Header, "kid") is not { } keyId)
            return Refusal.InvalidForm("the JWT's header has no kid: it has to name the authorized key");
        if (!IsTypeOfJwt(jwt.Header))
            return Refusal.InvalidForm($"the JWT's typ is not {TokenType}: it was made for something else");
        if (CheckForm(jwt.Payload) is { } malformed)
            return malformed;

        key = snapshot.FindKey(keyId);
        return Proves(jwt, key) && key is not null ? CheckClaims(jwt.Payload, key) : NotProved;
    }

    // A media type, so that its case means nothing (RFC 7519, 5.1).
    private static bool IsTypeOfJwt(JsonElement header) =>
        !header.TryGetProperty("typ", out JsonElement type) || string.Equals(Jwt.Text(type), TokenType, StringComparison.OrdinalIgnoreCase);

    // An unknown key costs a verification too, so that the time does not tell which ids exist.
    private bool Proves(Jwt jwt, AuthorizedKey? key)
    {
        SignatureProvider? verifier = key is null ? _decoy : _verifiers.GetValue(key, MakeVerifier);
        try
        {
            return jwt.Signature.Length > 0 && verifier.Verify(jwt.SignedBytes, jwt.Signature) && key is not null;
        }
        catch (CryptographicException)
        {
            return false; // a signature that no key of this size can make
        }
    }

    private static Refusal? CheckForm(JsonElement payload)
    {
        if (Jwt.Text(payload, "iss") is null)
            return Refusal.InvalidForm("the JWT has no iss: it has to be the service account's id");
        if (!payload.TryGetProperty("aud", out JsonElement audience)
            || audience.ValueKind is not (JsonValueKind.String or JsonValueKind.Array))
        {
            return Refusal.InvalidForm("the JWT has no aud: it has to be a string or an array of strings");
        }

        if (Jwt.Moment(payload, "iat") is null)
            return Refusal.InvalidForm("the JWT has no iat: it has to be the time of issue in seconds since 1970");
        if (Jwt.Moment(payload, "exp") is null)
            return Refusal.InvalidForm("the JWT has no exp: it has to be the time of expiry in seconds since 1970");
        return payload.TryGetProperty("nbf", out _) && Jwt.Moment(payload, "nbf") is null
            ? Refusal.InvalidForm("the JWT's nbf is not a time in seconds since 1970")
            : null;
    }

    private Refusal? CheckClaims(JsonElement payload, AuthorizedKey key)
    {
        DateTimeOffset now = _time.GetUtcNow();
        DateTimeOffset issued = Jwt.Moment(payload, "iat").GetValueOrDefault();
        DateTimeOffset expires = Jwt.Moment(payload, "exp").GetValueOrDefault();
        if (Jwt.Text(payload, "iss") != key.ServiceAccountId)
            return Refusal.Unauthenticated("the JWT's iss is not the service account that its key belongs to");
        if (!IsForUs(payload.GetProperty("aud")))
            return Refusal.Unauthenticated($"the JWT's aud is none of {string.Join(", ", _audiences)}");
        if (expires <= issued)
            return Refusal.Unauthenticated("the JWT's exp is not after its iat");
        if (expires - issued > Limits.JwtLifetime)
            return Refusal.Unauthenticated($"the JWT's exp is more than {Limits.JwtLifetime.TotalSeconds:0} s after its iat");
        if (issued - now > Limits.JwtSkew || Jwt.Moment(payload, "nbf") - now > Limits.JwtSkew)
            return Refusal.Unauthenticated($"the JWT is not valid yet; the server's clock says {now:yyyy-MM-ddTHH:mm:ssZ}");
        return now - expires >= Limits.JwtSkew
            ? Refusal.Unauthenticated($"the JWT has expired; the server's clock says {now:yyyy-MM-ddTHH:mm:ssZ}")
            : null;
    }

    private bool IsForUs(JsonElement audience) => audience.ValueKind == JsonValueKind.String
        ? _audiences.Contains(Jwt.Text(audience))
        : audience.EnumerateArray().Any(one => _audiences.Contains(Jwt.Text(one)));

    private static SignatureProvider MakeVerifier(AuthorizedKey key) =>
        AuthorizedPublicKey.TryRead(key.Algorithm, key.PublicKey, out AuthorizedPublicKey? read, out string fault)
            ? MakeVerifier(read.Parameters)
            : throw new InvalidOperationException($"The stored authorized key '{key.Id}' is damaged: {fault}.");

    private static SignatureProvider MakeVerifier(RSAParameters parameters) =>
        Cryptography.CreateForVerifying(new RsaSecurityKey(parameters), SecurityAlgorithms.RsaSsaPssSha256);

    // A modulus that nobody has the factors of: nothing is ever signed by it.
    private static SignatureProvider MakeDecoy()
    {
        byte[] modulus = RandomNumberGenerator.GetBytes(2048 / 8);
        modulus[0] |= 0x80;
        modulus[^1] |= 1;
        return MakeVerifier(new RSAParameters { Modulus = modulus, Exponent = [1, 0, 1] });
    }

    private static string AudienceOf(string endpoint) => $"https://iam.{endpoint}/iam/v1/tokens";
}
