using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Metering.Client;

/// <summary>The JSON of an authorized key file: exactly six members, all of them texts.</summary>
internal static class KeyFileFormat
{
    private const int IdCharactersMaximum = 50;

    private static readonly string[] Members = ["id", "service_account_id", "created_at", "key_algorithm", "public_key", "private_key"];

    // PEM holds '+', which the default encoder would escape.
    private static readonly JsonWriterOptions Readable = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static AuthorizedKeyFile Parse(string json, string source)
    {
        Dictionary<string, string> texts = ReadMembers(json, source);
        foreach (string id in new[] { "id", "service_account_id" })
        {
            if (texts[id].Length is 0 or > IdCharactersMaximum)
                throw Fault(source, id, $"has {texts[id].Length} characters, expected 1 to {IdCharactersMaximum}");
        }

        if (!DateTimeOffset.TryParse(
            texts["created_at"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset createdAt))
            throw Fault(source, "created_at", "is no time, expected RFC 3339 such as 2026-01-31T12:00:00Z");
        KeyAlgorithm algorithm = texts["key_algorithm"] switch
        {
            "RSA_2048" => KeyAlgorithm.Rsa2048,
            "RSA_4096" => KeyAlgorithm.Rsa4096,
            _ => throw Fault(source, "key_algorithm", "is neither RSA_2048 nor RSA_4096"),
        };

        string publicKey = Pem(source, "public_key", "PUBLIC KEY", texts["public_key"]);
        string privateKey = Pem(source, "private_key", "PRIVATE KEY", texts["private_key"]);
        CheckPair(source, algorithm, publicKey, privateKey);
        return new AuthorizedKeyFile(texts["id"], texts["service_account_id"], createdAt, algorithm, publicKey, privateKey);
    }

    public static string Write(AuthorizedKeyFile key)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, Readable))
        {
            json.WriteStartObject();
            json.WriteString("id", key.Id);
            json.WriteString("service_account_id", key.ServiceAccountId);
            json.WriteString(
                "created_at", key.CreatedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture));
            json.WriteString("key_algorithm", key.AlgorithmName);
            json.WriteString("public_key", key.PublicKey);
            json.WriteString("private_key", key.PrivateKey);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length) + "\n";
    }

    private static Dictionary<string, string> ReadMembers(string json, string source)
    {
        var texts = new Dictionary<string, string>();
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new KeyFileException(
                    $"{source} is no authorized key file: expected a JSON object with the members {string.Join(", ", Members)}.");
            foreach (JsonProperty member in document.RootElement.EnumerateObject())
            {
                if (!Members.Contains(member.Name))
                    throw Fault(source, member.Name, $"is unknown, expected exactly {string.Join(", ", Members)}");
                if (member.Value.ValueKind != JsonValueKind.String)
                    throw Fault(source, member.Name, "is no text");
                if (!texts.TryAdd(member.Name, member.Value.GetString()!))
                    throw Fault(source, member.Name, "is there twice");
            }
        }
        catch (JsonException fault)
        {
            throw new KeyFileException(
                $"{source}:{fault.LineNumber + 1}:{fault.BytePositionInLine + 1}: is no authorized key file: this is not JSON.", fault);
        }
        catch (InvalidOperationException fault)
        {
            throw new KeyFileException($"{source} is no authorized key file: a text in it is not valid Unicode.", fault);
        }

        if (Array.Find(Members, name => !texts.ContainsKey(name)) is { } missing)
            throw Fault(source, missing, "is missing");
        return texts;
    }

    // Files from the cloud's console put a line of warning before the private key's PEM.
    private static string Pem(string source, string member, string label, string text)
    {
        if (!PemEncoding.TryFind(text, out PemFields fields))
            throw Fault(source, member, $"holds no PEM: expected -----BEGIN {label}-----");
        if (!text.AsSpan()[fields.Label].SequenceEqual(label))
            throw Fault(source, member, $"is a '{text[fields.Label]}' in PEM, expected a '{label}'");
        return text[fields.Location] + "\n";
    }

    private static void CheckPair(string source, KeyAlgorithm algorithm, string publicKey, string privateKey)
    {
        using RSA open = Import(source, "public_key", publicKey);
        using RSA secret = Import(source, "private_key", privateKey);
        if (secret.KeySize != AuthorizedKeyFile.Bits(algorithm))
            throw Fault(source, "private_key", $"has {secret.KeySize} bits, but key_algorithm is {AuthorizedKeyFile.Name(algorithm)}");
        if (!open.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(secret.ExportSubjectPublicKeyInfo()))
            throw Fault(source, "public_key", "does not belong to private_key");
    }

    private static RSA Import(string source, string member, string pem)
    {
        RSA rsa = RSA.Create();
        try
        {
            rsa.ImportFromPem(pem);
            return rsa;
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException)
        {
            rsa.Dispose();
            throw Fault(source, member, "is no RSA key in PEM");
        }
    }

    // Never quotes a value: it may be the secret.
    private static KeyFileException Fault(string source, string member, string what) => new($"{source}: member \"{member}\" {what}.");
}
