using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Metering.Fuzz.Tests;

/// <summary>JWTs that are signed by the right key over claims that are in order (the first), or not.</summary>
internal static class OddJwt
{
    private static readonly string[] Algorithms = ["none", "HS256", "RS256", "ES256", "PS384", "ps256", "PS256 ", ""];
    private static readonly string[] Extensions = ["crit", "jku", "jwk", "x5u", "b64"];
    private static readonly string[] Members = ["iss", "aud", "iat", "exp", "nbf", "sub", "jti", "key"];

    public static string Make(int variant, RSA key)
    {
        var random = new Random(variant);
        long now = Identity.Now.ToUnixTimeSeconds();
        var header = new JsonObject { ["alg"] = "PS256", ["typ"] = "JWT", ["kid"] = Identity.KeyId };
        var payload = new JsonObject
        {
            ["iss"] = Identity.ReporterAccount, ["aud"] = "https://iam.api.cloud.yandex.net/iam/v1/tokens", ["iat"] = now, ["exp"] = now + 3600,
        };
        if (variant == 0)
            return Sign(header, Bytes(payload), key);
        if (random.OneIn(6))
            header["alg"] = random.Pick(Algorithms);
        if (random.OneIn(6))
            header[random.Pick(Extensions)] = new JsonArray("exp");
        if (random.OneIn(4))
        {
            string member = random.Pick(Members);
            payload.Remove(member);
            if (random.OneIn(2))
                payload[member] = random.Pick<JsonNode?>([null, 1e300, -1, now + 0.5, "x", new JsonArray(1, null), 253402300799, 1e-320]);
        }

        byte[] claims = Bytes(payload);
        return Sign(header, random.OneIn(2) ? JsonMutator.Mutate(claims, random, claims) : claims, key);
    }

    private static string Sign(JsonObject header, byte[] payload, RSA key)
    {
        string text = Base64Url.EncodeToString(Bytes(header)) + "." + Base64Url.EncodeToString(payload);
        byte[] signature = key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pss);
        return text + "." + Base64Url.EncodeToString(signature);
    }

    private static byte[] Bytes(JsonObject value) => Encoding.UTF8.GetBytes(value.ToJsonString());
}
