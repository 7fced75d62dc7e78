using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Text;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Yandex.Cloud.Iam.V1;

namespace Metering.Fuzz.Tests;

/// <summary>JWTs to be exchanged and IAM tokens as bearers: altered, unsigned, and signed by the right key over odd claims.</summary>
internal sealed class TokenFamily : IInputFamily
{
    private const int SignedVariants = 200; // signing is slow: so many odd JWTs are made, and each is sent many times

    private static readonly ConcurrentDictionary<int, string> Signed = [];

    private static readonly string[] Algorithms = ["none", "HS256", "RS256", "ES256", "PS384", "ps256", "PS256 ", ""];

    private static readonly string[] Members = ["iss", "aud", "iat", "exp", "nbf", "sub", "jti", "key"];

    public string Name => "tokens";

    public int Percent => 15;

    public FuzzInput Make(Random random)
    {
        GrpcSeed seed = random.Next(4) switch
        {
            0 => GrpcSeed.Write(random) with { Token = Altered(random.Pick([Identity.Current.Reporter, Identity.Current.Customer, Identity.Current.AdminToken, Jwt(0)]), random) },
            1 => GrpcSeed.Any(random) with { Token = Altered(random.Pick([Identity.Current.Reporter, Identity.Current.AdminToken]), random) },
            _ => new GrpcSeed(GrpcSeed.ExchangePath, "", Proof(random).ToByteArray()),
        };
        return new FuzzInput(Carriage.Http2Stream, FrameBytes.Request(HeaderBlock.Write(seed.Headers()), GrpcSeed.Frame(seed.Message)))
        {
            Counting = seed.Counting,
        };
    }

    private static CreateIamTokenRequest Proof(Random random)
    {
        string jwt = Jwt(random.Next(SignedVariants));
        return random.Next(8) switch
        {
            0 => new() { YandexPassportOauthToken = Altered(jwt, random) },
            1 => new() { Jwt = jwt },
            2 => new() { Jwt = Identity.Current.Reporter },
            _ => new() { Jwt = Altered(jwt, random) },
        };
    }

    private static string Altered(string token, Random random)
    {
        string[] parts = token.Split('.');
        switch (random.Next(9))
        {
            case 0:
                return Printable(random.Damage(token));
            case 1:
                return string.Join('.', parts.Take(random.Next(parts.Length)));
            case 2:
                return token + random.Pick(["", "=", ".", " ", "A", "\u00e9"]);
            case 3:
                return string.Join('.', parts.Reverse());
            case 4:
                return new string(random.Pick(['.', 'A', '=', '-']), random.Pick([1, 2, 3, 100, 4096, 4097, 7000, 8000]));
        }

        int at = random.Next(Math.Max(1, parts.Length - 1));
        byte[] part = Decoded(parts[at]);
        part = random.OneIn(3) ? ByteMutator.Mutate(part, random) : JsonMutator.Mutate(part, random, part);
        parts[at] = random.OneIn(6) ? Convert.ToBase64String(part) : Base64Url.EncodeToString(part);
        if (random.OneIn(4))
            parts[^1] = Base64Url.EncodeToString(ByteMutator.Mutate(Decoded(parts[^1]), random));
        return string.Join('.', parts);
    }

    /// <summary>One of the odd JWTs, signed by the right key; the first is in order.</summary>
    public static string Jwt(int variant) => Signed.GetOrAdd(variant, static variant =>
    {
        var random = new Random(variant);
        long now = Identity.Now.ToUnixTimeSeconds();
        var header = new JsonObject { ["alg"] = "PS256", ["typ"] = "JWT", ["kid"] = Identity.KeyId };
        var payload = new JsonObject
        {
            ["iss"] = Identity.ReporterAccount, ["aud"] = "https://iam.api.cloud.yandex.net/iam/v1/tokens", ["iat"] = now, ["exp"] = now + 3600,
        };
        if (variant == 0)
            return SignedJwt.Sign(Bytes(header), Bytes(payload));
        if (random.OneIn(6))
            header["alg"] = random.Pick(Algorithms);
        if (random.OneIn(6))
            header[random.Pick(["crit", "jku", "jwk", "x5u", "b64"])] = new JsonArray("exp");
        if (random.OneIn(4))
        {
            string member = random.Pick(Members);
            payload.Remove(member);
            if (random.OneIn(2))
                payload[member] = random.Pick<Func<JsonNode?>>([() => null, () => 1e300, () => -1, () => now + 0.5, () => "x", () => new JsonArray(1, null), () => 253402300799, () => 1e-320])();
        }

        byte[] claims = Bytes(payload);
        return SignedJwt.Sign(Bytes(header), random.OneIn(2) ? JsonMutator.Mutate(claims, random, claims) : claims);
    });

    private static byte[] Bytes(JsonObject value) => Encoding.UTF8.GetBytes(value.ToJsonString());

    private static byte[] Decoded(string segment)
    {
        try
        {
            return Base64Url.DecodeFromChars(segment);
        }
        catch (FormatException)
        {
            return Encoding.Latin1.GetBytes(segment);
        }
    }

    // What cannot stand in a header at all is the business of another family.
    private static string Printable(string text) => string.Concat(text.Select(character => character is >= ' ' and <= '~' ? character : '~'));
}
