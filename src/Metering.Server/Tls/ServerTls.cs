using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Metering.Server;

/// <summary>
/// What TLS needs, kept up to date while the server runs: the certificate (the operator's own, or one of the local
/// authority) and the authorities of administrators' certificates, if those are asked for.
/// </summary>
/// <remarks>Thread-safe, but for <see cref="Check"/>.</remarks>
internal sealed class ServerTls
{
    private readonly FileBacked<SslServerAuthenticationOptions> _handshake;
    private readonly FileBacked<ClientAuthorities>? _administrators;
    private readonly TimeProvider _time;

    private ServerTls(ServerOptions options, string dataDirectory, TimeProvider time)
    {
        _time = time;
        _administrators = options.AdminClientCa is { } file
            ? new FileBacked<ClientAuthorities>("admin-client-ca", [file], () => ClientAuthorities.Load(file, time), _ => DateTimeOffset.MaxValue, time)
            : null;
        if (options.TlsCertificate is { } certificate)
        {
            string key = options.TlsKey!;
            _handshake = new FileBacked<SslServerAuthenticationOptions>(
                "certificate", [certificate, key], () => MakeHandshake(ServerCertificate.Load(certificate, key, time)), _ => DateTimeOffset.MaxValue, time);
        }
        else
        {
            // Its files are its own: nobody else changes them while it serves.
            var authority = new LocalCertificateAuthority(dataDirectory, Environment.MachineName, time);
            _handshake = new FileBacked<SslServerAuthenticationOptions>(
                "certificate of the local CA", [], () => MakeHandshake(authority.LoadOrCreate(options.Advertise)), WhenToRenew, time);
            AuthorityPath = authority.AuthorityPath;
        }
    }

    /// <summary>The file that clients have to trust; null when the certificate is the operator's own.</summary>
    public string? AuthorityPath { get; }

    /// <summary>What a new connection is answered with.</summary>
    public SslServerAuthenticationOptions Handshake => _handshake.Current;

    /// <summary>Whether administrators have to show a certificate.</summary>
    public bool AsksAdministrators => _administrators is not null;

    /// <summary>Loads or makes everything.</summary>
    /// <exception cref="StartException">A file cannot be used, or there is no name for the certificate.</exception>
    public static ServerTls Open(ServerOptions options, string dataDirectory, TimeProvider time)
    {
        try
        {
            return new ServerTls(options, dataDirectory, time);
        }
        catch (Exception fault) when (fault is UnusableFileException or FormatException or CryptographicException)
        {
            throw new StartException($"No certificate for TLS: {fault.Message}", fault);
        }
    }

    /// <summary>Whether a connection's certificate makes it an administrator's, as far as certificates go.</summary>
    public bool AdmitsAdministrator(X509Certificate2? certificate) =>
        _administrators is null || (certificate is not null && _administrators.Current.Vouch(certificate, _time.GetUtcNow()));

    /// <summary>Takes over files that changed, and renews what is about to end.</summary>
    public IEnumerable<FileNotice> Check()
    {
        if (_handshake.Check() is { } certificate)
            yield return certificate;
        if (_administrators?.Check() is { } administrators)
            yield return administrators;
    }

    // A certificate is asked for, not demanded, and judged where it matters, by AdminGate: everybody but the administrators
    // goes without, and an administrator whose certificate ended is told so in words.
    [SuppressMessage("Security", "CA5359", Justification = "A client's certificate, which gives no right by itself")]
    private SslServerAuthenticationOptions MakeHandshake(ServerCertificate certificate) => new()
    {
        ServerCertificateContext = certificate.ToStreamContext(),
        EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
        ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
        ClientCertificateRequired = AsksAdministrators,
        RemoteCertificateValidationCallback = AsksAdministrators ? (_, _, _, _) => true : null,
    };

    private static DateTimeOffset WhenToRenew(SslServerAuthenticationOptions handshake) =>
        LocalCertificateAuthority.RenewalOf(handshake.ServerCertificateContext!.TargetCertificate);
}
