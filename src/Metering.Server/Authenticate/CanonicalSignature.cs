using System.Globalization;
using System.Numerics;

namespace Metering.Server;

/// <summary>
/// The one spelling of an ES256 signature. ECDSA takes (r, n - s) wherever it takes (r, s), so that whoever sees a token
/// could write a second one that holds as well. Of the two, only the one with the smaller s is made and taken here.
/// </summary>
internal static class CanonicalSignature
{
    /// <summary>Bytes of r and of s, big-endian, together.</summary>
    public const int Bytes = 64;

    private const int HalfBytes = Bytes / 2;

    // n of NIST P-256 (FIPS 186-5, SEC 2).
    private static readonly BigInteger Order =
        BigInteger.Parse("0FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551", NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private static readonly BigInteger Half = Order / 2;

    /// <summary>Whether it has the one length, and the smaller s.</summary>
    public static bool Is(ReadOnlySpan<byte> signature) => signature.Length == Bytes && Number(signature[HalfBytes..]) <= Half;

    /// <summary>Brings a signature of the one length to the one spelling, in place.</summary>
    public static void Make(Span<byte> signature)
    {
        if (!Is(signature))
            Write(Order - Number(signature[HalfBytes..]), signature[HalfBytes..]);
    }

    private static BigInteger Number(ReadOnlySpan<byte> bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

    private static void Write(BigInteger number, Span<byte> bytes)
    {
        bytes.Clear();
        number.TryWriteBytes(bytes[(bytes.Length - number.GetByteCount(isUnsigned: true))..], out _, isUnsigned: true, isBigEndian: true);
    }
}
