using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;

namespace Metering.Server;

/// <summary>
/// A JSON Web Token in compact form, taken apart but not yet believed. The one reader of both kinds of token, and a
/// strict one: each segment has exactly one spelling, members occur once, extensions that change the meaning are refused. What is
/// checked is thereby exactly what was signed.
/// </summary>
/// <param name="Header">A JSON object.</param>
/// <param name="Payload">A JSON object.</param>
/// <param name="SignedBytes">What the signature is over: header and payload as sent.</param>
/// <param name="Signature">The signature; may be empty.</param>
internal sealed record Jwt(JsonElement Header, JsonElement Payload, byte[] SignedBytes, byte[] Signature)
{
    private static readonly SearchValues<char> Base64UrlCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    private static readonly JsonDocumentOptions JsonOptions = new() { AllowDuplicateProperties = false, MaxDepth = 8 };

    // 9999-12-31T23:59:59Z, the last second that a DateTimeOffset can express.
    private const double LastUnixSecond = 253_402_300_799;

    /// <summary>Takes a token apart.</summary>
    /// <param name="text">The token.</param>
    /// <param name="jwt">Its parts.</param>
    /// <param name="fault">What is wrong with its form, in words that follow "the JWT"; empty when nothing is.</param>
    public static bool TryRead(ReadOnlySpan<char> text, [NotNullWhen(true)] out Jwt? jwt, out string fault)
    {
        jwt = null;
        int payloadEnd = text.LastIndexOf('.');
        int headerEnd = text.IndexOf('.');
        if (headerEnd == payloadEnd || text[(headerEnd + 1)..payloadEnd].Contains('.'))
        {
            fault = "is not of the form header.payload.signature";
            return false;
        }

        if (!TryReadObject(text[..headerEnd], out JsonElement header))
        {
            fault = "has a header that is not a JSON object in base64url";
            return false;
        }

        if (!TryReadObject(text[(headerEnd + 1)..payloadEnd], out JsonElement payload))
        {
            fault = "has a payload that is not a JSON object in base64url";
            return false;
        }

        if (!TryDecode(text[(payloadEnd + 1)..], out byte[] signature))
        {
            fault = "has a signature that is not base64url";
            return false;
        }

        if (header.TryGetProperty("crit", out _) || header.TryGetProperty("b64", out _))
        {
            fault = "demands extensions (crit, b64) that are not known here";
            return false;
        }

        fault = "";
        jwt = new Jwt(header, payload, Encoding.ASCII.GetBytes(text[..payloadEnd].ToArray()), signature);
        return true;
    }

    /// <summary>A member that has to be a text; null when it is missing, empty or anything else.</summary>
    public static string? Text(JsonElement parent, string member)
    {
        if (!parent.TryGetProperty(member, out JsonElement value))
            return null;
        string? text = Text(value);
        return string.IsNullOrEmpty(text) ? null : text;
    }

    /// <summary>The value as a text; null when it is none, or no well-formed one.</summary>
    public static string? Text(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null; // half a surrogate pair, or bytes that are not UTF-8
        }
    }

    /// <summary>A member that has to be a NumericDate: seconds since 1970, possibly with a fraction.</summary>
    public static DateTimeOffset? Moment(JsonElement parent, string member) =>
        parent.TryGetProperty(member, out JsonElement value) && value.ValueKind == JsonValueKind.Number
        && value.TryGetDouble(out double seconds) && seconds is >= 0 and <= LastUnixSecond
            ? DateTimeOffset.UnixEpoch.AddTicks((long)(seconds * TimeSpan.TicksPerSecond))
            : null;

    private static bool TryReadObject(ReadOnlySpan<char> segment, out JsonElement value)
    {
        value = default;
        if (!TryDecode(segment, out byte[] json))
            return false;
        try
        {
            value = JsonElement.Parse(json, JsonOptions);
            return value.ValueKind == JsonValueKind.Object;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    // One spelling per value: no padding, no white space, no stray bits in the last character.
    private static bool TryDecode(ReadOnlySpan<char> segment, out byte[] bytes)
    {
        bytes = [];
        if (segment.ContainsAnyExcept(Base64UrlCharacters) || segment.Length % 4 == 1)
            return false;
        bytes = new byte[Base64Url.GetMaxDecodedLength(segment.Length)];
        bool isDone = Base64Url.DecodeFromChars(segment, bytes, out _, out int written) == OperationStatus.Done;
        Array.Resize(ref bytes, written);
        return isDone;
    }
}
