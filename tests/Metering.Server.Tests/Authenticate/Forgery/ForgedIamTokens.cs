using System.Buffers.Text;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Metering.Server.Tests;

/// <summary>IAM tokens that the server never issued, or that have ended.</summary>
/// <param name="valid">Tokens that the server issued.</param>
/// <param name="ended">Tokens that it issued, and whose time is over.</param>
/// <param name="signer">The server's signing key: nobody has it, but its public half is no secret.</param>
internal sealed class ForgedIamTokens(IReadOnlyList<string> valid, IReadOnlyList<string> ended, ECDsa signer) : IDisposable
{
    private static readonly BigInteger Order =
        new(Convert.FromHexString("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"), isUnsigned: true, isBigEndian: true);

    private readonly ECDsa _own = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public const string Ended = "ended";

    public IReadOnlyList<Forgery> All =>
    [
        new(Ended, random => ended[random.Next(ended.Count)]),
        new("alg none", random => $"{Unsigned(random, "alg", Pick(random, "none", "None", "NONE", ""))}.{Pick(random, "", "AAAA")}"),
        new("HS256 by the public key", HashedByPublicKey),
        new("ES256 by a key of his own", random => Signed(Unsigned(random), _own)),
        new("a key brought along", random => Signed(Unsigned(random, Pick(random, "jwk", "jku", "x5u", "x5c"), OwnKey()), _own)),
        new("another kid", random => Signed(Unsigned(random, "kid", Pick(random, "", "../key", "' OR '1'='1", "ajk-1", "\0")), _own)),
        new("signed by an authorized key", random => SignedByAuthorizedKey(random, Pick(random, "PS256", "RS256", "ES256"))),
        new("of another type, by the server's key", random => Signed(Unsigned(random, "typ", Pick(random, "JWT", "at+jwt", "METERING-IAM+JWT", "")), signer)),
        new("another algorithm, by the server's key", random => Signed(Unsigned(random, "alg", Pick(random, "ES384", "es256", "none", "HS256")), signer)),
        new("an extension demanded, by the server's key", random => Signed(Unsigned(random, Pick(random, "crit", "b64"), new JsonArray("exp")), signer)),
        new("a claim that does not hold, by the server's key", ClaimByServer),
        new("the signature's other spelling", random => Resigned(random, (r, s) => [.. Bytes(r), .. Bytes(Order - s)])),
        new("r and s exchanged", random => Resigned(random, (r, s) => [.. Bytes(s), .. Bytes(r)])),
        new("r or s plus the order", random => Resigned(random, (r, s) => [.. Bytes(r + Order, 33), .. Bytes(s, 33)])),
        new("a signature in DER", random => Resigned(random, (r, s) => Der(r, s))),
        new("a signature of another length", random => Resigned(random, (r, s) => random.Next(2) == 0 ? [.. Bytes(r), .. Bytes(s), 0] : [0, .. Bytes(r), 0, .. Bytes(s)])),
        new("a signature of zeros or of the order", random => Resigned(random, (_, _) => random.Next(2) == 0 ? new byte[64] : [.. Bytes(Order), .. Bytes(Order)])),
    ];

    public void Dispose() => _own.Dispose();

    private string Any(Random random) => valid[random.Next(valid.Count)];

    private static JsonObject Part(string token, int part) => JsonNode.Parse(Base64Url.DecodeFromChars(token.Split('.')[part]))!.AsObject();

    // Another subject, so that nothing is left of the token that it was made from.
    private string Unsigned(Random random, string? member = null, JsonNode? value = null)
    {
        string token = Any(random);
        JsonObject header = Part(token, 0);
        if (member is not null)
            header[member] = value;
        JsonObject claims = Part(token, 1);
        claims["sub"] = "aje-other";
        return IdentityFixture.Unsigned(header, claims);
    }

    private string ClaimByServer(Random random)
    {
        string token = Any(random);
        JsonObject claims = Part(token, 1);
        string claim = Pick(random, "iss", "aud", "jti", "sub", "exp");
        if (random.Next(2) == 0)
            claims.Remove(claim);
        else
            claims[claim] = random.Next(2) == 0 ? new JsonArray("urn:metering:iam-token") : new JsonObject();
        return Signed(IdentityFixture.Unsigned(Part(token, 0), claims), signer);
    }

    private string HashedByPublicKey(Random random)
    {
        byte[] secret = random.Next(3) switch
        {
            0 => signer.ExportSubjectPublicKeyInfo(),
            1 => Encoding.ASCII.GetBytes(signer.ExportSubjectPublicKeyInfoPem()),
            _ => [],
        };
        string unsigned = Unsigned(random, "alg", Pick(random, "HS256", "ES256"));
        return $"{unsigned}.{Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(unsigned)))}";
    }

    private string SignedByAuthorizedKey(Random random, string algorithm)
    {
        string unsigned = Unsigned(random, "alg", algorithm);
        RSASignaturePadding padding = algorithm == "RS256" ? RSASignaturePadding.Pkcs1 : RSASignaturePadding.Pss;
        return $"{unsigned}.{Base64Url.EncodeToString(TestKeys.First.SignData(Encoding.ASCII.GetBytes(unsigned), HashAlgorithmName.SHA256, padding))}";
    }

    private string Resigned(Random random, Func<BigInteger, BigInteger, byte[]> change)
    {
        string token = Any(random);
        byte[] signature = Base64Url.DecodeFromChars(token.Split('.')[2]);
        byte[] changed = change(
            new BigInteger(signature.AsSpan(0, 32), isUnsigned: true, isBigEndian: true), new BigInteger(signature.AsSpan(32), isUnsigned: true, isBigEndian: true));
        return token[..(token.LastIndexOf('.') + 1)] + Base64Url.EncodeToString(changed);
    }

    private static byte[] Der(BigInteger r, BigInteger s)
    {
        var writer = new System.Formats.Asn1.AsnWriter(System.Formats.Asn1.AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(r);
            writer.WriteInteger(s);
        }

        return writer.Encode();
    }

    private static byte[] Bytes(BigInteger number, int length = 32)
    {
        byte[] bytes = new byte[length];
        number.TryWriteBytes(bytes.AsSpan(length - number.GetByteCount(isUnsigned: true)), out _, isUnsigned: true, isBigEndian: true);
        return bytes;
    }

    private JsonNode OwnKey()
    {
        ECPoint point = _own.ExportParameters(includePrivateParameters: false).Q;
        return new JsonObject { ["kty"] = "EC", ["crv"] = "P-256", ["x"] = Base64Url.EncodeToString(point.X), ["y"] = Base64Url.EncodeToString(point.Y) };
    }

    private static string Signed(string unsigned, ECDsa key)
    {
        byte[] signature = key.SignData(Encoding.ASCII.GetBytes(unsigned), HashAlgorithmName.SHA256);
        CanonicalSignature.Make(signature);
        return $"{unsigned}.{Base64Url.EncodeToString(signature)}";
    }

    private static string Pick(Random random, params string[] values) => values[random.Next(values.Length)];
}
