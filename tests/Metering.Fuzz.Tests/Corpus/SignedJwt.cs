using System.Buffers.Binary;
using System.Buffers.Text;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace Metering.Fuzz.Tests;

/// <summary>
/// JWTs signed with PS256 and a salt of zeros: the same text has the same signature in every run, which the framework's own
/// signing, with a random salt, does not give.
/// </summary>
internal static class SignedJwt
{
    private const int HashBytes = 32;
    private const int ModulusBytes = 256;
    private const int BlockBytes = ModulusBytes - HashBytes - 1;

    public static string Sign(byte[] header, byte[] payload)
    {
        string text = Base64Url.EncodeToString(header) + "." + Base64Url.EncodeToString(payload);
        return text + "." + Base64Url.EncodeToString(Signature(Encoding.ASCII.GetBytes(text)));
    }

    // RFC 8017, 8.1.1 and 9.1.1, with a modulus of 2048 bits.
    private static byte[] Signature(byte[] text)
    {
        var salted = new byte[8 + (2 * HashBytes)];
        SHA256.HashData(text).CopyTo(salted, 8);
        byte[] hash = SHA256.HashData(salted);
        var encoded = new byte[ModulusBytes];
        encoded[BlockBytes - HashBytes - 1] = 1;
        byte[] mask = Mask(hash);
        for (int index = 0; index < BlockBytes; index++)
            encoded[index] ^= mask[index];
        encoded[0] &= 0x7F;
        hash.CopyTo(encoded, BlockBytes);
        encoded[^1] = 0xBC;

        RSAParameters key = Identity.Key;
        BigInteger signature = BigInteger.ModPow(Number(encoded), Number(key.D!), Number(key.Modulus!));
        byte[] bytes = signature.ToByteArray(isUnsigned: true, isBigEndian: true);
        return [.. new byte[ModulusBytes - bytes.Length], .. bytes];
    }

    private static byte[] Mask(byte[] seed)
    {
        List<byte> mask = [];
        var input = new byte[HashBytes + 4];
        seed.CopyTo(input, 0);
        for (uint counter = 0; mask.Count < BlockBytes; counter++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(input.AsSpan(HashBytes), counter);
            mask.AddRange(SHA256.HashData(input));
        }

        return [.. mask];
    }

    private static BigInteger Number(byte[] bytes) => new(bytes, isUnsigned: true, isBigEndian: true);
}
