using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// The public half of an authorized key, checked: RSA of exactly the size that its algorithm names. Any spelling of the
/// PEM is accepted and brought to one, so that two spellings of one key are the same key.
/// </summary>
/// <param name="Pem">SubjectPublicKeyInfo, PEM, in the one spelling that is stored.</param>
/// <param name="Fingerprint">SHA-256 of the SubjectPublicKeyInfo, as shown to people.</param>
/// <param name="Parameters">Modulus and exponent.</param>
internal sealed record AuthorizedPublicKey(string Pem, string Fingerprint, RSAParameters Parameters)
{
    private const string Label = "PUBLIC KEY";
    private const int CharactersMaximum = Limits.PublicKeyCharacters;

    /// <summary>The algorithms that a key can have; the size of the modulus in bits is part of the name.</summary>
    public static readonly IReadOnlyList<string> Algorithms = ["RSA_2048", "RSA_4096"];

    /// <summary>Checks a key.</summary>
    /// <param name="algorithm">One of <see cref="Algorithms"/>.</param>
    /// <param name="pem">SubjectPublicKeyInfo, PEM.</param>
    /// <param name="key">The key.</param>
    /// <param name="fault">What is wrong with it; empty when nothing is.</param>
    public static bool TryRead(string algorithm, string pem, [NotNullWhen(true)] out AuthorizedPublicKey? key, out string fault)
    {
        key = null;
        int bits = algorithm switch { "RSA_2048" => 2048, "RSA_4096" => 4096, _ => 0 };
        if (bits == 0)
            fault = $"algorithm '{algorithm}' is not known; allowed: {string.Join(", ", Algorithms)}";
        else if (!TryReadDer(pem, out byte[]? der, out fault))
            return false;
        else if (!TryReadRsa(der, out RSAParameters parameters, out int length))
            fault = "the public key is not an RSA key (SubjectPublicKeyInfo)";
        else if (length != bits)
            fault = $"the public key has {length} bits, but its algorithm is {algorithm}";
        else if (parameters.Exponent is not { Length: > 0 } exponent || (exponent[^1] & 1) == 0 || exponent is [1])
            fault = "the public key has an exponent that proves nothing";
        else
            key = new AuthorizedPublicKey(PemEncoding.WriteString(Label, der) + "\n", FingerprintOf(der), parameters);
        return key is not null;
    }

    private static string FingerprintOf(byte[] der) => "SHA256:" + Convert.ToBase64String(SHA256.HashData(der)).TrimEnd('=');

    private static bool TryReadDer(string pem, [NotNullWhen(true)] out byte[]? der, out string fault)
    {
        der = null;
        fault = "";
        if (pem.Length > CharactersMaximum)
            fault = $"the public key has {pem.Length} characters; at most {CharactersMaximum} are allowed";
        else if (pem.Contains("PRIVATE KEY", StringComparison.Ordinal))
            fault = "this is a private key: it stays with its owner; put its public half here";
        else if (!PemEncoding.TryFind(pem, out PemFields fields))
            fault = "the public key is not PEM (-----BEGIN PUBLIC KEY----- …)";
        else if (pem[fields.Label] is var label && label != Label)
            fault = $"the PEM holds a {label}; a {Label} is needed";
        else
            der = Convert.FromBase64String(pem[fields.Base64Data]);
        return der is not null;
    }

    private static bool TryReadRsa(byte[] der, out RSAParameters parameters, out int bits)
    {
        parameters = default;
        bits = 0;
        try
        {
            using var rsa = RSA.Create();
            rsa.ImportSubjectPublicKeyInfo(der, out int read);
            parameters = rsa.ExportParameters(includePrivateParameters: false);
            bits = rsa.KeySize;
            return read == der.Length;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
