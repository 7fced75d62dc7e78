using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace Metering.Server;

/// <summary>
/// Where a list goes on, as the client keeps it: the place, and a fingerprint of the question, so that a token is not taken
/// for another question's. It opens nothing: who may read what is asked again with each page.
/// </summary>
public static class PageToken
{
    private const int FingerprintBytes = 8;

    /// <summary>The token of a place.</summary>
    /// <param name="question">The request, serialized, without its page token and page size.</param>
    /// <param name="place">Where the list goes on.</param>
    public static string Write(ReadOnlySpan<byte> question, ReadOnlySpan<byte> place)
    {
        byte[] token = new byte[FingerprintBytes + place.Length];
        BinaryPrimitives.WriteUInt64BigEndian(token, FingerprintOf(question));
        place.CopyTo(token.AsSpan(FingerprintBytes));
        return Base64Url.EncodeToString(token);
    }

    /// <summary>The place of a token; false when it is none that this question was given. Empty text is the beginning.</summary>
    public static bool TryRead(string token, ReadOnlySpan<byte> question, out byte[] place)
    {
        place = [];
        if (token.Length == 0)
            return true;
        if (!Base64Url.IsValid(token))
            return false;
        byte[] bytes = Base64Url.DecodeFromChars(token);
        if (bytes.Length < FingerprintBytes || BinaryPrimitives.ReadUInt64BigEndian(bytes) != FingerprintOf(question))
            return false;
        place = bytes[FingerprintBytes..];
        return true;
    }

    private static ulong FingerprintOf(ReadOnlySpan<byte> question)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(question, hash);
        return BinaryPrimitives.ReadUInt64BigEndian(hash);
    }
}
