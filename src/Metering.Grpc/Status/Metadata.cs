using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Primitives;

namespace Metering.Grpc;

/// <summary>The rules of gRPC metadata: which names and values may travel as headers and trailers.</summary>
internal static class Metadata
{
    public const string BinarySuffix = "-bin";

    private const int EntryBytes = 32;

    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-_.");

    public static void CheckText(string name, string value)
    {
        CheckName(name);
        if (name.EndsWith(BinarySuffix, StringComparison.Ordinal))
            throw new ArgumentException($"Metadata \"{name}\" is binary: hand it over as bytes.", nameof(name));
        if (value.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            throw new ArgumentException($"The value of metadata \"{name}\" is not printable ASCII.", nameof(value));
    }

    public static void CheckBinaryName(string name)
    {
        CheckName(name);
        if (!name.EndsWith(BinarySuffix, StringComparison.Ordinal))
            throw new ArgumentException($"The name of binary metadata ends with {BinarySuffix}: \"{name}\" does not.", nameof(name));
    }

    /// <summary>Base64 without padding.</summary>
    public static string EncodeBinary(ReadOnlySpan<byte> value) => Convert.ToBase64String(value).TrimEnd('=');

    /// <summary>
    /// The values of a binary header: base64 with or without padding, several in one line joined by commas.
    /// </summary>
    public static bool TryDecodeBinary(StringValues header, out IReadOnlyList<byte[]> values)
    {
        var decoded = new List<byte[]>(header.Count);
        values = decoded;
        foreach (string? line in header)
        {
            foreach (string value in (line ?? "").Split(',', StringSplitOptions.TrimEntries))
            {
                if (!TryDecode(value, out byte[]? bytes))
                    return false;
                decoded.Add(bytes);
            }
        }

        return true;
    }

    /// <summary>What a header or trailer counts in HTTP/2's limits of header lists.</summary>
    public static int BytesOf(string name, string value) => name.Length + value.Length + EntryBytes;

    private static bool TryDecode(string value, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = null;
        string padded = value.EndsWith('=') ? value : value.PadRight((value.Length + 3) / 4 * 4, '=');
        var buffer = new byte[padded.Length / 4 * 3];
        if (!Convert.TryFromBase64String(padded, buffer, out int length))
            return false;
        bytes = buffer[..length];
        return true;
    }

    private static void CheckName(string name)
    {
        if (name.Length == 0 || name.AsSpan().ContainsAnyExcept(NameCharacters))
            throw new ArgumentException($"\"{name}\" is not a metadata name: lower-case letters, digits, '-', '_' and '.'.", nameof(name));
        if (name.StartsWith("grpc-", StringComparison.Ordinal))
            throw new ArgumentException($"Metadata names starting with grpc- belong to the protocol: \"{name}\".", nameof(name));
    }
}
