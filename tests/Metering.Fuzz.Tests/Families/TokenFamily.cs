using System.Buffers.Text;
using System.Text;
using Google.Protobuf;
using Yandex.Cloud.Iam.V1;

namespace Metering.Fuzz.Tests;

/// <summary>JWTs to be exchanged and IAM tokens as bearers: altered, unsigned, and signed by the right key over odd claims.</summary>
internal sealed class TokenFamily : IInputFamily
{
    private const int LongCharacters = 4000;

    public string Name => "tokens";

    public int Percent => 15;

    public FuzzInput Make(Random random)
    {
        GrpcSeed seed = random.Next(4) switch
        {
            0 => GrpcSeed.Write(random) with { Token = Altered(random.Pick([Identity.Current.Reporter, Identity.Current.Customer, Identity.Current.AdminToken, Identity.Current.Jwts[0]]), random) },
            1 => GrpcSeed.Any(random) with { Token = Altered(random.Pick([Identity.Current.Reporter, Identity.Current.AdminToken]), random) },
            _ => new GrpcSeed(GrpcSeed.ExchangePath, "", Proof(random).ToByteArray()),
        };
        return new FuzzInput(Carriage.Http2Stream, FrameBytes.Request(HeaderBlock.Write(seed.Headers()), GrpcSeed.Frame(seed.Message)))
        {
            Counting = seed.Counting,
            RecordsMaximum = seed.RecordsMaximum,
            IsUnsociable = seed.Token.Length > LongCharacters, // a header too large ends the connection
        };
    }

    private static CreateIamTokenRequest Proof(Random random)
    {
        string jwt = random.Pick(Identity.Current.Jwts);
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
