using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace Metering.Client;

/// <summary>The JWT that proves possession of an authorized key: PS256, for one hour.</summary>
internal static class SignedJwt
{
    /// <summary>The longest life that the server accepts.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    /// <summary>The audience that the published service has, which every server accepts.</summary>
    public const string PublishedAudience = "https://iam.api.cloud.yandex.net/iam/v1/tokens";

    /// <summary>The audience of a server at an address.</summary>
    public static string AudienceOf(Uri address) => $"https://iam.{address.Authority}/iam/v1/tokens";

    /// <summary>Signs a JWT for the key's service account.</summary>
    public static string Create(AuthorizedKeyFile key, IReadOnlyList<string> audiences, DateTimeOffset now)
    {
        using RSA rsa = RSA.Create();
        rsa.ImportFromPem(key.PrivateKey);
        var descriptor = new SecurityTokenDescriptor
        {
            Issuer = key.ServiceAccountId,
            IssuedAt = now.UtcDateTime,
            Expires = (now + Lifetime).UtcDateTime,
            SigningCredentials = new SigningCredentials(
                new RsaSecurityKey(rsa)
                {
                    KeyId = key.Id, CryptoProviderFactory = new CryptoProviderFactory { CacheSignatureProviders = false },
                },
                SecurityAlgorithms.RsaSsaPssSha256),
        };
        // One audience is written as a string, several as an array.
        if (audiences.Count == 1)
        {
            descriptor.Audience = audiences[0];
        }
        else
        {
            foreach (string audience in audiences)
                descriptor.Audiences.Add(audience);
        }

        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(descriptor);
    }
}
