using System.Security.Cryptography;

namespace Metering.Server.Tests;

public sealed class AuthorizedPublicKeyTests
{
    [Fact]
    public void Two_spellings_of_one_key_are_the_same_key()
    {
        string pem = TestKeys.First.PublicPem();
        AuthorizedPublicKey one = Read("RSA_2048", pem);
        AuthorizedPublicKey other = Read("RSA_2048", "\r\n" + pem.Replace("\n", "\r\n", StringComparison.Ordinal) + "\r\n\r\n");
        Assert.Equal(one.Pem, other.Pem);
        Assert.Equal(one.Fingerprint, other.Fingerprint);
        Assert.Matches("^SHA256:[A-Za-z0-9+/]{43}$", one.Fingerprint);
        Assert.Equal(4096 / 8, Read("RSA_4096", TestKeys.Large.PublicPem()).Parameters.Modulus!.Length);
    }

    [Fact]
    public void What_is_wrong_is_said()
    {
        string pem = TestKeys.First.PublicPem();
        using RSA small = RSA.Create(1024);
        using ECDsa curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        AssertFault("RSA_1024", pem, "algorithm 'RSA_1024' is not known; allowed: RSA_2048, RSA_4096");
        AssertFault("RSA_4096", pem, "the public key has 2048 bits, but its algorithm is RSA_4096");
        AssertFault("RSA_2048", small.ExportSubjectPublicKeyInfoPem(), "the public key has 1024 bits, but its algorithm is RSA_2048");
        AssertFault("RSA_2048", curve.ExportSubjectPublicKeyInfoPem(), "the public key is not an RSA key (SubjectPublicKeyInfo)");
        AssertFault("RSA_2048", TestKeys.First.ExportRSAPublicKeyPem(), "the PEM holds a RSA PUBLIC KEY; a PUBLIC KEY is needed");
        AssertFault("RSA_2048", TestKeys.First.ExportPkcs8PrivateKeyPem(), "this is a private key: it stays with its owner; put its public half here");
        AssertFault("RSA_2048", "hello", "the public key is not PEM (-----BEGIN PUBLIC KEY----- …)");
        AssertFault("RSA_2048", pem.Replace("MIIB", "MI*B", StringComparison.Ordinal), "the public key is not PEM (-----BEGIN PUBLIC KEY----- …)");
        AssertFault("RSA_2048", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "the public key is not an RSA key (SubjectPublicKeyInfo)");
        AssertFault("RSA_2048", new string('a', 10_000), "the public key has 10000 characters; at most 8192 are allowed");
    }

    private static AuthorizedPublicKey Read(string algorithm, string pem)
    {
        Assert.True(AuthorizedPublicKey.TryRead(algorithm, pem, out AuthorizedPublicKey? key, out string fault), fault);
        return key;
    }

    private static void AssertFault(string algorithm, string pem, string expected)
    {
        Assert.False(AuthorizedPublicKey.TryRead(algorithm, pem, out _, out string fault));
        Assert.Equal(expected, fault);
    }
}
