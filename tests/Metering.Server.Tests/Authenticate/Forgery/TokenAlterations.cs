using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Metering.Server.Tests;

/// <summary>
/// A forgery: how it is made, and what comes out. Made so that it never means what a valid token means: a text that is a
/// valid token, or one with blanks around it, is never made.
/// </summary>
internal sealed record Forgery(string Kind, Func<Random, string> Make);

/// <summary>
/// What somebody who has valid tokens, and no key, can do to their text. <paramref name="valid"/> are at least two of one
/// kind that differ in payload and signature.
/// </summary>
internal sealed class TokenAlterations(IReadOnlyList<string> valid)
{
    private const string Base64UrlCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
    private static readonly string[] Blanks = [" ", "\t", "\n", "\r\n", "\0", "\u00a0", "\u200b", "\ufeff"];

    public IReadOnlyList<Forgery> All =>
    [
        new("a bit flipped", random => Changed(random, (character, _) => (char)(character ^ (1 << random.Next(7))))),
        new("a character replaced", random => Changed(random, (_, other) => other)),
        new("a character with the same low byte", random => Changed(random, (character, _) => (char)(character + 0x100))),
        new("another case", random => Changed(random, (character, other) => char.IsLetter(character) ? (char)(character ^ 0x20) : other)),
        new("the end cut off", random => Any(random) is var token ? token[..random.Next(token.Length)] : ""),
        new("the beginning cut off", random => Any(random) is var token ? token[random.Next(1, token.Length)..] : ""),
        new("a part emptied", random => Parts(random, (parts, at) => parts[at] = "")),
        new("a part left out", random => Any(random).Split('.') is var parts && random.Next(3) is var at
            ? string.Join('.', parts.Where((_, index) => index != at)) : ""),
        new("parts in another order", random => Parts(random, (parts, at) => (parts[at], parts[(at + 1) % 3]) = (parts[(at + 1) % 3], parts[at]))),
        new("a signature of another token", random => Two(random) is var (one, other) ? $"{Unsigned(one)}.{other.Split('.')[2]}" : ""),
        new("a header of another kind", random => "eyJhbGciOiJQUzI1NiIsInR5cCI6IkpXVCJ9" + (Any(random) is var token ? token[token.IndexOf('.')..] : "")),
        new("two tokens joined", random => Two(random) is var (one, other) ? one + ".,; "[random.Next(4)] + other : ""),
        new("a dot too many", random => Any(random) is var token && new[] { 0, token.IndexOf('.'), token.LastIndexOf('.'), token.Length } is var places
            ? token.Insert(places[random.Next(4)], ".") : ""),
        new("five parts", random => Any(random) + "." + Any(random).Split('.')[2] + "." + Any(random).Split('.')[2]),
        new("bits that no byte needs", TrailingBits),
        new("padding", random => Parts(random, (parts, at) => parts[at] += random.Next(2) == 0 ? "=" : "==")),
        new("the standard alphabet", StandardAlphabet),
        new("a blank inside", random => Any(random) is var token
            ? token.Insert(random.Next(1, token.Length), Blanks[random.Next(Blanks.Length)]) : ""),
        new("percent-encoded", random => Any(random) is var token && random.Next(token.Length) is var at
            ? $"{token[..at]}%{(int)token[at]:X2}{token[(at + 1)..]}" : ""),
        new("in quotes", random => $"\"{Any(random)}\""),
        new("a part encoded twice", random => Parts(random, (parts, at) => parts[at] = Base64Url.EncodeToString(Encoding.ASCII.GetBytes(parts[at])))),
        new("a part decoded", random => Parts(random, (parts, at) => parts[at] = Encoding.Latin1.GetString(Base64Url.DecodeFromChars(parts[at])))),
        new("JSON written differently", random => Rewritten(random, Respell)),
        new("a claim changed", random => Rewritten(random, json => Claims(json, random), part: 1)),
        new("a member of the header changed", random => Rewritten(random, json => Members(json, random), part: 0)),
        new("a member given twice", random => Rewritten(random, json => json.ToJsonString() is var text ? $"{{{text[1..^1]},{text[1..]}" : "")),
    ];

    private string Any(Random random) => valid[random.Next(valid.Count)];

    private (string One, string Other) Two(Random random)
    {
        int one = random.Next(valid.Count);
        return (valid[one], valid[(one + random.Next(1, valid.Count)) % valid.Count]);
    }

    private static string Unsigned(string token) => token[..token.LastIndexOf('.')];

    private string Changed(Random random, Func<char, char, char> change)
    {
        string token = Any(random);
        int at = random.Next(token.Length);
        char other = Base64UrlCharacters[random.Next(Base64UrlCharacters.Length)];
        char changed = change(token[at], other == token[at] ? '~' : other);
        return token[..at] + changed + token[(at + 1)..];
    }

    private string Parts(Random random, Action<string[], int> change)
    {
        string[] parts = Any(random).Split('.');
        change(parts, random.Next(3));
        return string.Join('.', parts);
    }

    // The last character of a part that is no whole number of bytes holds bits that stand for nothing.
    private string TrailingBits(Random random)
    {
        string[] parts = Any(random).Split('.');
        int[] candidates = [.. Enumerable.Range(0, 3).Where(part => parts[part].Length % 4 != 0)];
        int at = candidates[random.Next(candidates.Length)];
        int bits = parts[at].Length % 4 == 2 ? 4 : 2;
        int value = Base64UrlCharacters.IndexOf(parts[at][^1]) ^ random.Next(1, 1 << bits);
        parts[at] = parts[at][..^1] + Base64UrlCharacters[value];
        return string.Join('.', parts);
    }

    private string StandardAlphabet(Random random)
    {
        string token = Any(random);
        string standard = token.Replace('-', '+').Replace('_', '/');
        return standard == token ? token + "=" : standard;
    }

    private string Rewritten(Random random, Func<JsonObject, string> rewrite, int? part = null) => Parts(random, (parts, at) =>
    {
        at = part ?? at % 2;
        string json = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(parts[at]));
        string written = rewrite(JsonNode.Parse(json)!.AsObject());
        parts[at] = IdentityFixture.Encode(written == json ? written + " " : written);
    });

    private static string Respell(JsonObject json) => json.Count % 2 == 0
        ? json.ToJsonString(Indented)
        : new JsonObject(json.Reverse().Select(member => KeyValuePair.Create(member.Key, member.Value?.DeepClone()))).ToJsonString();

    private static string Claims(JsonObject payload, Random random)
    {
        string[] names = [.. payload.Select(member => member.Key), "nbf", "key", "scope", "admin"];
        string name = names[random.Next(names.Length)];
        JsonNode?[] values = ["aje-other", 4_102_444_800, 0, true, null, new JsonArray("aje-acme", "aje-other"), ""];
        payload[name] = values[random.Next(values.Length)];
        return payload.ToJsonString();
    }

    private static string Members(JsonObject header, Random random)
    {
        string[] names = [.. header.Select(member => member.Key), "jku", "x5u", "jwk", "x5c", "crit", "b64", "zip", "enc"];
        string[] values = ["none", "HS256", "RS256", "ES256", "ajk-4096", "../../etc/passwd", "https://evil.example/keys", ""];
        header[names[random.Next(names.Length)]] = values[random.Next(values.Length)];
        return header.ToJsonString();
    }
}
