using System.Buffers.Text;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Metering.Server.Tests;

/// <summary>
/// JWTs that prove nothing, although somebody signed them: with a key of his own, with another algorithm, or with the
/// genuine key (<see cref="TestKeys.First"/>) over claims that do not hold.
/// </summary>
/// <param name="keyId">The genuine key, as the server knows it.</param>
/// <param name="accountId">Whose it is.</param>
/// <param name="now">The server's time.</param>
internal sealed class ForgedJwts(string keyId, string accountId, DateTimeOffset now) : IDisposable
{
    private readonly ECDsa _elliptic = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public IReadOnlyList<Forgery> All =>
    [
        new("alg none", random => $"{Unsigned("alg", Pick(random, "none", "None", "NONE", "nOnE", "null", ""))}.{Pick(random, "", "AAAA", Good().Split('.')[2])}"),
        new("HS256 by the public key", HashedByPublicKey),
        new("another algorithm of the genuine key", OtherAlgorithm),
        new("PS256 announced, another algorithm done", random => SignedAs("PS256", random)),
        new("ES256 by a key of his own", Elliptic),
        new("PS256 by a key of his own", _ => IdentityFixture.Sign(Header(), Claims(), TestKeys.Second)),
        new("a key brought along", random => IdentityFixture.Sign(WithOwnKey(random), Claims(), TestKeys.Second)),
        new("another kid, by a key of his own", random => IdentityFixture.Sign(Kid(random), Claims(), TestKeys.Second)),
        new("another kid, by the genuine key", random => IdentityFixture.Sign(Kid(random), Claims())),
        new("another account's key", random => IdentityFixture.Sign(
            Header("kid", random.Next(2) == 0 ? "ajk-4096" : keyId), Claims(), TestKeys.Large)),
        new("ended", random => Genuine("iat", -3600 - 30 - random.Next(100_000), 3600)),
        new("not yet", random => Genuine("iat", 31 + random.Next(100_000), 3600)),
        new("not before", random => IdentityFixture.Sign(Header(), Claims("nbf", now.ToUnixTimeSeconds() + 31 + random.Next(3000)))),
        new("for too long", random => Genuine("iat", -random.Next(1000), 3601 + random.Next(1_000_000))),
        new("ends before it begins", random => Genuine("iat", 0, -random.Next(20))),
        new("for somebody else", random => IdentityFixture.Sign(Header(), Claims("aud", Pick(
            random, "https://evil.example", IdentityFixture.PublicAudience + "/", "urn:metering:iam-token", IdentityFixture.PublicAudience.ToUpperInvariant())))),
        new("of somebody else", random => IdentityFixture.Sign(Header(), Claims("iss", Pick(random, "aje-other", "admin", accountId + " ", accountId.ToUpperInvariant())))),
        new("a claim missing", random => IdentityFixture.Sign(Header(), Without(Claims(), Pick(random, "iss", "aud", "iat", "exp")))),
        new("a claim of another type", random => IdentityFixture.Sign(Header(), Claims(
            Pick(random, "iss", "aud", "iat", "exp"), random.Next(2) == 0 ? new JsonObject() : true))),
        new("an extension demanded", random => IdentityFixture.Sign(Header(Pick(random, "crit", "b64"), random.Next(2) == 0 ? new JsonArray("b64") : false), Claims())),
        new("of another type", random => IdentityFixture.Sign(Header("typ", Pick(random, "at+jwt", "metering-iam+jwt", "JWE", "")), Claims())),
        new("a member twice, by the genuine key", Twice),
        new("no JSON object, by the genuine key", NotAnObject),
        new("a JWT within a JWT", _ => SignedText(Header().ToJsonString(), Good())),
        new("the payload not encoded", _ => Header().ToJsonString() is var header ? $"{IdentityFixture.Encode(header)}.{Claims().ToJsonString()}.{Good().Split('.')[2]}" : ""),
        new("a signature of another length", Lengthened),
        new("a signature plus the modulus", PlusModulus),
        new("a signature of nothing", random => $"{Unsigned("alg", "PS256")}.{Base64Url.EncodeToString(Filled(random.Next(2) == 0 ? (byte)0 : (byte)0xff, 256))}"),
    ];

    /// <summary>A JWT that proves the account.</summary>
    public string Good() => IdentityFixture.Sign(Header(), Claims());

    /// <summary>Another one, which differs in its payload too.</summary>
    public string Good(int secondsEarlier) => Genuine("iat", -secondsEarlier, 3600);

    public void Dispose() => _elliptic.Dispose();

    private JsonObject Header(string? member = null, JsonNode? value = null)
    {
        var header = new JsonObject { ["alg"] = "PS256", ["typ"] = "JWT", ["kid"] = keyId };
        if (member is not null)
            header[member] = value;
        return header;
    }

    private JsonObject Claims(string? claim = null, JsonNode? value = null)
    {
        long seconds = now.ToUnixTimeSeconds();
        var claims = new JsonObject { ["iss"] = accountId, ["aud"] = IdentityFixture.PublicAudience, ["iat"] = seconds, ["exp"] = seconds + 3600 };
        if (claim is not null)
            claims[claim] = value;
        return claims;
    }

    private string Genuine(string from, long secondsFromNow, long lifeSeconds)
    {
        JsonObject claims = Claims(from, now.ToUnixTimeSeconds() + secondsFromNow);
        claims["exp"] = now.ToUnixTimeSeconds() + secondsFromNow + lifeSeconds;
        return IdentityFixture.Sign(Header(), claims);
    }

    private static JsonObject Without(JsonObject json, string member)
    {
        json.Remove(member);
        return json;
    }

    private string Unsigned(string member, string value) => IdentityFixture.Unsigned(Header(member, value), Claims());

    private JsonObject Kid(Random random) => Header("kid", random.Next(12) switch
    {
        0 => keyId + " ",
        1 => " " + keyId,
        2 => keyId + "\0",
        3 => keyId.ToUpperInvariant(),
        4 => "../../../../dev/null",
        5 => $"{keyId}' OR '1'='1",
        6 => "*",
        7 => new JsonArray(keyId),
        8 => random.Next(100),
        9 => "ajk-unknown" + random.Next(1000),
        10 => new string('k', random.Next(51, 500)),
        _ => "",
    });

    private static JsonObject OwnKey()
    {
        RSAParameters own = TestKeys.Second.ExportParameters(includePrivateParameters: false);
        return new JsonObject { ["kty"] = "RSA", ["alg"] = "PS256", ["n"] = Base64Url.EncodeToString(own.Modulus), ["e"] = "AQAB" };
    }

    private JsonObject WithOwnKey(Random random) => random.Next(5) switch
    {
        0 => Header("jwk", OwnKey()),
        1 => Header("jku", "https://evil.example/keys.json"),
        2 => Header("x5u", "https://evil.example/certificate.pem"),
        3 => Header("x5c", new JsonArray(Convert.ToBase64String(TestKeys.Second.ExportSubjectPublicKeyInfo()))),
        _ => Header("x5t", "AAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    };

    private string HashedByPublicKey(Random random)
    {
        byte[] secret = random.Next(5) switch
        {
            0 => Encoding.ASCII.GetBytes(TestKeys.First.PublicPem()),
            1 => Encoding.ASCII.GetBytes(TestKeys.First.PublicPem() + "\n"),
            2 => TestKeys.First.ExportSubjectPublicKeyInfo(),
            3 => TestKeys.First.ExportParameters(includePrivateParameters: false).Modulus!,
            _ => [],
        };
        string unsigned = Unsigned("alg", random.Next(3) == 0 ? "PS256" : "HS256");
        return $"{unsigned}.{Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(unsigned)))}";
    }

    private string OtherAlgorithm(Random random)
    {
        string algorithm = Pick(random, "RS256", "RS384", "RS512", "PS384", "PS512", "ps256", "PS256 ");
        return SignedAs(algorithm, random);
    }

    // By the genuine key, in any way but the one: with another hash, or with PKCS #1 v1.5.
    private string SignedAs(string announced, Random random)
    {
        JsonObject header = Header("alg", announced);
        return random.Next(3) switch
        {
            0 => Signed(header, Claims(), TestKeys.First, RSASignaturePadding.Pkcs1),
            1 => Signed(header, Claims(), TestKeys.First, RSASignaturePadding.Pss, HashAlgorithmName.SHA384),
            _ => Signed(header, Claims(), TestKeys.First, RSASignaturePadding.Pkcs1, HashAlgorithmName.SHA512),
        };
    }

    private string Elliptic(Random random)
    {
        string unsigned = Unsigned("alg", random.Next(2) == 0 ? "ES256" : "PS256");
        return $"{unsigned}.{Base64Url.EncodeToString(_elliptic.SignData(Encoding.ASCII.GetBytes(unsigned), HashAlgorithmName.SHA256))}";
    }

    private string Twice(Random random)
    {
        string header = Header().ToJsonString();
        string claims = Claims().ToJsonString();
        return random.Next(4) switch
        {
            0 => SignedText(header, claims[..^1] + $",\"iss\":\"{accountId}\"}}"),
            1 => SignedText(header, $"{{\"i\\u0073s\":\"aje-other\",{claims[1..]}"),
            2 => SignedText($"{{\"alg\":\"none\",{header[1..]}", claims),
            _ => SignedText($"{{\"\\u006bid\":\"{keyId}\",{header[1..]}", claims),
        };
    }

    private string NotAnObject(Random random)
    {
        string claims = Claims().ToJsonString();
        return SignedText(Header().ToJsonString(), random.Next(8) switch
        {
            0 => $"[{claims}]",
            1 => "null",
            2 => "",
            3 => "\ufeff" + claims,
            4 => claims[..^1] + ",}",
            5 => "/* */" + claims,
            6 => claims + claims,
            _ => claims[..^1] + ",\"a\":" + new string('[', 500) + new string(']', 500) + "}",
        });
    }

    private string Lengthened(Random random)
    {
        byte[] signature = Base64Url.DecodeFromChars(Good().Split('.')[2]);
        byte[] other = random.Next(4) switch
        {
            0 => [0, .. signature],
            1 => [.. signature, 0],
            2 => signature[..^1],
            _ => [.. signature, .. signature],
        };
        string good = Good();
        return good[..(good.LastIndexOf('.') + 1)] + Base64Url.EncodeToString(other);
    }

    // RSA takes s and s + n for the same number, unless it is told to look.
    private string PlusModulus(Random random)
    {
        string good = Good(random.Next(1000));
        var modulus = new BigInteger(TestKeys.First.ExportParameters(includePrivateParameters: false).Modulus, isUnsigned: true, isBigEndian: true);
        var signature = new BigInteger(Base64Url.DecodeFromChars(good.Split('.')[2]), isUnsigned: true, isBigEndian: true);
        return good[..(good.LastIndexOf('.') + 1)] + Base64Url.EncodeToString((signature + modulus).ToByteArray(isUnsigned: true, isBigEndian: true));
    }

    private static string Signed(JsonObject header, JsonObject claims, RSA key, RSASignaturePadding padding, HashAlgorithmName? hash = null)
    {
        string unsigned = IdentityFixture.Unsigned(header, claims);
        byte[] signature = key.SignData(Encoding.ASCII.GetBytes(unsigned), hash ?? HashAlgorithmName.SHA256, padding);
        return $"{unsigned}.{Base64Url.EncodeToString(signature)}";
    }

    private static string SignedText(string header, string payload)
    {
        string unsigned = $"{IdentityFixture.Encode(header)}.{IdentityFixture.Encode(payload)}";
        byte[] signature = TestKeys.First.SignData(Encoding.ASCII.GetBytes(unsigned), HashAlgorithmName.SHA256, RSASignaturePadding.Pss);
        return $"{unsigned}.{Base64Url.EncodeToString(signature)}";
    }

    private static byte[] Filled(byte value, int length)
    {
        byte[] bytes = new byte[length];
        Array.Fill(bytes, value);
        return bytes;
    }

    private static string Pick(Random random, params string[] values) => values[random.Next(values.Length)];
}
