using System.Buffers.Text;
using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Metering.Ledger;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Metering.Server;

/// <summary>What an IAM token says, once its signature held.</summary>
/// <param name="SigningKeyId">Its <c>kid</c>.</param>
/// <param name="TokenId">Its <c>jti</c>.</param>
/// <param name="SubjectId">The service account.</param>
/// <param name="KeyId">The authorized key that it came from; null when the admin made it.</param>
/// <param name="ExpiresAt">When it ends.</param>
internal sealed record TokenClaims(string SigningKeyId, string TokenId, string SubjectId, string? KeyId, DateTimeOffset ExpiresAt);

/// <summary>
/// Signs IAM tokens (JWT, ES256) with the newest of the server's keys and verifies them with any of them, so that keys
/// rotate without a valid token being dropped. A type, an issuer and an audience of its own keep every other JWT from
/// passing. Each token has one spelling: see <see cref="CanonicalSignature"/>. Immutable.
/// </summary>
internal sealed class TokenSigner
{
    private const string TokenType = "metering-iam+jwt";
    private const string Issuer = "urn:metering";
    private const string Audience = "urn:metering:iam-token";
    private const string KeyClaim = "key";

    private static readonly JsonWebTokenHandler Handler = new() { SetDefaultTimesOnTokenCreation = false };
    private static readonly CryptoProviderFactory Cryptography = new() { CacheSignatureProviders = false };

    private readonly SigningCredentials _newest;
    private readonly FrozenDictionary<string, Verifier> _verifiers;

    /// <summary>Takes the keys, oldest first; at least one.</summary>
    public TokenSigner(IReadOnlyList<SigningKey> keys)
    {
        Keys = keys;
        _newest = new SigningCredentials(Open(keys[^1]), SecurityAlgorithms.EcdsaSha256);
        _verifiers = keys
            .Select((key, index) => KeyValuePair.Create(key.Id, new Verifier(
                Cryptography.CreateForVerifying(Open(key), SecurityAlgorithms.EcdsaSha256),
                SigningKeyRing.VerifiesUntil(keys, index) ?? DateTimeOffset.MaxValue)))
            .ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>The keys, oldest first; the last one signs.</summary>
    public IReadOnlyList<SigningKey> Keys { get; }

    /// <summary>A new key.</summary>
    public static SigningKey MakeKey(DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new SigningKey(RandomText(), now, key.ExportPkcs8PrivateKey());
    }

    /// <summary>A signed token for a service account.</summary>
    public IssuedToken Sign(string accountId, string? keyId, DateTimeOffset now, TimeSpan lifetime)
    {
        DateTimeOffset issuedAt = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds());
        DateTimeOffset expiresAt = DateTimeOffset.FromUnixTimeSeconds((issuedAt + lifetime).ToUnixTimeSeconds());
        var claims = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            [JwtRegisteredClaimNames.Jti] = RandomText(),
            [JwtRegisteredClaimNames.Sub] = accountId,
        };
        if (keyId is not null)
            claims[KeyClaim] = keyId;
        string text = Handler.CreateToken(new SecurityTokenDescriptor
        {
            TokenType = TokenType,
            Issuer = Issuer,
            Audience = Audience,
            IssuedAt = issuedAt.UtcDateTime,
            Expires = expiresAt.UtcDateTime,
            Claims = claims,
            SigningCredentials = _newest,
        });
        return new IssuedToken(WithCanonicalSignature(text), expiresAt);
    }

    /// <summary>Whether its keys were read from the store after the other's: each new key is the newest, and older ones only go.</summary>
    public bool IsAtLeastAsLateAs(TokenSigner other) =>
        (Keys[^1].CreatedAt, other.Keys.Count).CompareTo((other.Keys[^1].CreatedAt, Keys.Count)) >= 0;

    /// <summary>Whether it has the key.</summary>
    public bool Has(string keyId) => _verifiers.ContainsKey(keyId);

    /// <summary>What a token says, expired or not, if one of the server's keys signed it that is in use now.</summary>
    public bool TryVerify(ReadOnlySpan<char> text, DateTimeOffset now, [NotNullWhen(true)] out TokenClaims? claims)
    {
        claims = null;
        if (text.Length > Limits.IamTokenCharacters
            || !Jwt.TryRead(text, out Jwt? jwt, out _)
            || Jwt.Text(jwt.Header, JwtHeaderParameterNames.Alg) != SecurityAlgorithms.EcdsaSha256
            || Jwt.Text(jwt.Header, JwtHeaderParameterNames.Typ) != TokenType
            || Jwt.Text(jwt.Header, JwtHeaderParameterNames.Kid) is not { } signingKeyId
            || !_verifiers.TryGetValue(signingKeyId, out Verifier verifier)
            || now >= verifier.Until
            || !Holds(verifier.Provider, jwt)
            || Jwt.Text(jwt.Payload, JwtRegisteredClaimNames.Iss) != Issuer
            || Jwt.Text(jwt.Payload, JwtRegisteredClaimNames.Aud) != Audience
            || Jwt.Text(jwt.Payload, JwtRegisteredClaimNames.Jti) is not { } tokenId
            || Jwt.Text(jwt.Payload, JwtRegisteredClaimNames.Sub) is not { } subjectId
            || Jwt.Moment(jwt.Payload, JwtRegisteredClaimNames.Exp) is not { } expiresAt)
        {
            return false;
        }

        claims = new TokenClaims(signingKeyId, tokenId, subjectId, Jwt.Text(jwt.Payload, KeyClaim), expiresAt);
        return true;
    }

    private static string WithCanonicalSignature(string token)
    {
        int start = token.LastIndexOf('.') + 1;
        byte[] signature = Base64Url.DecodeFromChars(token.AsSpan(start));
        CanonicalSignature.Make(signature);
        return string.Concat(token.AsSpan(0, start), Base64Url.EncodeToString(signature));
    }

    private static bool Holds(SignatureProvider verifier, Jwt jwt)
    {
        try
        {
            return CanonicalSignature.Is(jwt.Signature) && verifier.Verify(jwt.SignedBytes, jwt.Signature);
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    private static ECDsaSecurityKey Open(SigningKey key)
    {
        var ecdsa = ECDsa.Create();
        try
        {
            ecdsa.ImportPkcs8PrivateKey(key.PrivateKey, out _);
            if (ecdsa.KeySize != 256)
                throw new CryptographicException("not a P-256 key");
        }
        catch (CryptographicException exception)
        {
            ecdsa.Dispose();
            throw new CryptographicException($"The stored signing key '{key.Id}' is damaged: {exception.Message}", exception);
        }

        return new ECDsaSecurityKey(ecdsa) { KeyId = key.Id };
    }

    private readonly record struct Verifier(SignatureProvider Provider, DateTimeOffset Until);

    private static string RandomText() => Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
}
