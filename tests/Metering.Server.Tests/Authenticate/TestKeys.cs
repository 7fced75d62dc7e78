using System.Security.Cryptography;

namespace Metering.Server.Tests;

/// <summary>RSA keys, made once for all tests: making them is slow.</summary>
internal static class TestKeys
{
    private static readonly Lazy<RSA> FirstKey = new(() => RSA.Create(2048));
    private static readonly Lazy<RSA> SecondKey = new(() => RSA.Create(2048));
    private static readonly Lazy<RSA> LargeKey = new(() => RSA.Create(4096));

    public static RSA First => FirstKey.Value;

    public static RSA Second => SecondKey.Value;

    public static RSA Large => LargeKey.Value;

    public static string PublicPem(this RSA key) => key.ExportSubjectPublicKeyInfoPem();
}
