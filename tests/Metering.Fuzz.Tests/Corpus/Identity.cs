using System.Security.Cryptography;
using System.Text.Json;
using Metering.Ledger;
using Metering.Server;

namespace Metering.Fuzz.Tests;

/// <summary>
/// Keys, tokens and signed JWTs that are the same in every run, so that an input is the same bytes in every run: kept in identity.json,
/// and worth nothing outside of these tests. METERING_FUZZ_IDENTITY=FILE makes new ones and writes them there.
/// </summary>
internal sealed record Identity(
    string SigningKeyId, byte[] SigningKey, byte[] AuthorizedKey, string AdminToken, string Reporter, string Customer, string Spare,
    IReadOnlyList<string> Jwts)
{
    public const string KeyId = "ajk-fuzz";
    public const string ReporterAccount = "acme-reporter";
    public const string CustomerAccount = "first-customer-gateway";

    /// <summary>When every run takes place: tokens never expire.</summary>
    public static readonly DateTimeOffset Now = new(2026, 11, 21, 12, 0, 0, TimeSpan.Zero);

    private const int JwtVariants = 100;

    private static readonly Lazy<Identity> Kept = new(() =>
        JsonSerializer.Deserialize<Identity>(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Corpus", "identity.json")))!);

    private static readonly Lazy<RSA> Rsa = new(() =>
    {
        var rsa = RSA.Create();
        rsa.ImportPkcs8PrivateKey(Kept.Value.AuthorizedKey, out _);
        return rsa;
    });

    public static Identity Current => Kept.Value;

    /// <summary>The public half of the authorized key, PEM.</summary>
    public static string PublicPem => Rsa.Value.ExportSubjectPublicKeyInfoPem();

    /// <summary>New keys and tokens, as JSON.</summary>
    public static string Make()
    {
        using var rsa = RSA.Create(2048);
        SigningKey signing = TokenSigner.MakeKey(Now);
        var signer = new TokenSigner([signing]);
        string Token(string account) => signer.Sign(account, null, Now, Limits.IamTokenLifetime).Text;
        string admin = "mma_" + System.Buffers.Text.Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var made = new Identity(
            signing.Id, signing.PrivateKey, rsa.ExportPkcs8PrivateKey(), admin, Token(ReporterAccount), Token(CustomerAccount), Token(ReporterAccount),
            [.. Enumerable.Range(0, JwtVariants).Select(variant => OddJwt.Make(variant, rsa))]);
        return JsonSerializer.Serialize(made) + "\n";
    }
}
