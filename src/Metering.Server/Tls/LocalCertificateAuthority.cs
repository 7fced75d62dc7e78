using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Metering.Server;

/// <summary>
/// TLS without asking anybody: an authority made once under the data directory, and a server certificate from it,
/// renewed as needed. Clients trust <c>tls/ca.pem</c>, which therefore is never replaced by itself.
/// </summary>
/// <remarks>
/// Each key is written before its certificate, each file whole or not at all. A crash in between leaves a key without
/// certificate or a pair that does not match, which the next start makes anew; that loses nothing, since nobody can have
/// trusted it. What no crash can leave behind is refused with what to do.
/// </remarks>
public sealed class LocalCertificateAuthority
{
    /// <summary>Name of the directory in the data directory.</summary>
    public const string DirectoryName = "tls";

    private static readonly TimeSpan RenewalBeforeEnd = TimeSpan.FromDays(30);

    private readonly TimeProvider _time;
    private readonly string _hostName;
    private readonly string _directory;
    private readonly string _authorityPath;
    private readonly string _authorityKeyPath;
    private readonly string _certificatePath;
    private readonly string _keyPath;

    /// <summary>Names the place; nothing is read or made yet.</summary>
    /// <param name="dataDirectory">The data directory, which exists.</param>
    /// <param name="hostName">This machine's name.</param>
    /// <param name="time">The clock.</param>
    public LocalCertificateAuthority(string dataDirectory, string hostName, TimeProvider time)
    {
        _time = time;
        _hostName = hostName;
        _directory = Path.Combine(dataDirectory, DirectoryName);
        _authorityPath = Path.Combine(_directory, "ca.pem");
        _authorityKeyPath = Path.Combine(_directory, "ca-key.pem");
        _certificatePath = Path.Combine(_directory, "server.pem");
        _keyPath = Path.Combine(_directory, "server-key.pem");
    }

    /// <summary>The file that clients have to trust.</summary>
    public string AuthorityPath => _authorityPath;

    /// <summary>When a server certificate is to be renewed.</summary>
    public static DateTimeOffset RenewalOf(X509Certificate2 certificate) => new DateTimeOffset(certificate.NotAfter.ToUniversalTime()) - RenewalBeforeEnd;

    /// <summary>The names that a server certificate is for: this machine's, the vendor's, and the advertised one.</summary>
    /// <param name="hostName">This machine's name; left out when no certificate can hold it.</param>
    /// <param name="advertisedHost">Host or host:port under which clients know this server; null for none.</param>
    /// <exception cref="FormatException">The advertised host is neither a host name nor an address.</exception>
    public static IReadOnlyList<string> NamesFor(string hostName, string? advertisedHost)
    {
        List<string> names = ["localhost", "127.0.0.1", "::1", "*.api.cloud.yandex.net", "api.cloud.yandex.net"];
        if (Uri.CheckHostName(hostName) == UriHostNameType.Dns)
            names.Add(hostName);
        if (advertisedHost is not null)
            names.Add(HostOf(advertisedHost));
        return [.. names.Select(Normalized).Distinct(StringComparer.OrdinalIgnoreCase)];
    }

    /// <summary>The server certificate, made or renewed if need be; the first time, the authority is made too.</summary>
    /// <param name="advertisedHost">Host or host:port under which clients know this server; null for none.</param>
    /// <exception cref="UnusableFileException">The directory is in a state that must not be mended by guessing.</exception>
    /// <exception cref="FormatException">The advertised host is neither a host name nor an address.</exception>
    public ServerCertificate LoadOrCreate(string? advertisedHost)
    {
        IReadOnlyList<string> names = NamesFor(_hostName, advertisedHost);
        PrepareDirectory();
        DateTimeOffset now = _time.GetUtcNow();
        using X509Certificate2 authority = LoadOrMakeAuthority(now);
        return TryLoadServer(authority, names, now) ?? MakeServer(authority, names, now);
    }

    private void PrepareDirectory()
    {
        try
        {
            Directory.CreateDirectory(_directory);
            foreach (string leftByCrash in Directory.GetFiles(_directory, "*" + DurableFile.AsideSuffix))
                File.Delete(leftByCrash);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UnusableFileException(_directory, $"cannot be prepared: {exception.Message}", exception);
        }
    }

    private X509Certificate2 LoadOrMakeAuthority(DateTimeOffset now)
    {
        if (!File.Exists(_authorityPath))
        {
            // A certificate signed by a CA that is not there: somebody took it away, and clients may still trust it.
            if (File.Exists(_certificatePath))
            {
                throw new UnusableFileException(
                    _authorityPath, $"the CA certificate is missing, but {_certificatePath} was made by it; {StartAnew}");
            }

            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using X509Certificate2 made = CertificateMaker.MakeAuthority(key, _hostName, now);
            DurableFile.Write(_authorityKeyPath, key.ExportPkcs8PrivateKeyPem() + "\n", DurableFile.OwnerOnly);
            DurableFile.Write(_authorityPath, made.ExportCertificatePem() + "\n", DurableFile.ReadableByAll);
        }

        X509Certificate2 authority = ServerCertificate.ReadCertificates(_authorityPath)[0];
        if (ServerCertificate.ValidityFault(authority, now) is not { } fault)
            return authority;
        authority.Dispose();
        throw new UnusableFileException(_authorityPath, $"{fault}, or {StartAnew}");
    }

    // Null when there is none that serves: missing, damaged, another CA's, about to end, or without a wanted name.
    private ServerCertificate? TryLoadServer(X509Certificate2 authority, IReadOnlyList<string> names, DateTimeOffset now)
    {
        if (!File.Exists(_certificatePath) || !File.Exists(_keyPath))
            return null;
        DurableFile.RefuseIfOpenToEverybody(_keyPath);
        try
        {
            ServerCertificate server = ServerCertificate.Load(_certificatePath, _keyPath, _time);
            if (IsSignedBy(server.Certificate, authority) && now < RenewalOf(server.Certificate)
                && !names.Except(CertificateMaker.NamesOf(server.Certificate), StringComparer.OrdinalIgnoreCase).Any())
            {
                return new ServerCertificate(server.Certificate, [], _authorityPath);
            }

            server.Dispose();
            return null;
        }
        catch (UnusableFileException)
        {
            return null;
        }
    }

    private ServerCertificate MakeServer(X509Certificate2 authority, IReadOnlyList<string> names, DateTimeOffset now)
    {
        if (!File.Exists(_authorityKeyPath))
        {
            throw new UnusableFileException(
                _authorityKeyPath, $"the CA's key is missing, and a server certificate is to be made; {StartAnew}");
        }

        DurableFile.RefuseIfOpenToEverybody(_authorityKeyPath);
        using X509Certificate2 signer = ServerCertificate.Combine(authority, DurableFile.Read(_authorityKeyPath))
            ?? throw new UnusableFileException(_authorityKeyPath, $"this is not the key of {_authorityPath}; {StartAnew}");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 made = CertificateMaker.MakeServer(key, signer, names, now);
        DurableFile.Write(_keyPath, key.ExportPkcs8PrivateKeyPem() + "\n", DurableFile.OwnerOnly);
        DurableFile.Write(_certificatePath, made.ExportCertificatePem() + "\n", DurableFile.ReadableByAll);
        return new ServerCertificate(made.CopyWithPrivateKey(key), [], _authorityPath);
    }

    private string StartAnew =>
        $"restore it from a backup, or delete {_directory} to start with a new CA, which every client then has to trust instead";

    private bool IsSignedBy(X509Certificate2 certificate, X509Certificate2 authority)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = _time.GetUtcNow().UtcDateTime;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        return chain.Build(certificate);
    }

    private static string HostOf(string advertised)
    {
        string host = AdvertisedEndpoint.WithoutPort(advertised).Trim('[', ']');
        return Uri.CheckHostName(host) is UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6
            ? host
            : throw new FormatException($"'{advertised}' is not HOST or HOST:PORT with a host name or an address.");
    }

    private static string Normalized(string name) => IPAddress.TryParse(name, out IPAddress? address) ? address.ToString() : name;
}
