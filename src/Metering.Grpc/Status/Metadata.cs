using System.Buffers;

namespace Metering.Grpc;

/// <summary>The rules of gRPC metadata: which names and values may travel as headers and trailers.</summary>
internal static class Metadata
{
    public const string BinarySuffix = "-bin";

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

    private static void CheckName(string name)
    {
        if (name.Length == 0 || name.AsSpan().ContainsAnyExcept(NameCharacters))
            throw new ArgumentException($"\"{name}\" is not a metadata name: lower-case letters, digits, '-', '_' and '.'.", nameof(name));
        if (name.StartsWith("grpc-", StringComparison.Ordinal))
            throw new ArgumentException($"Metadata names starting with grpc- belong to the protocol: \"{name}\".", nameof(name));
    }
}
