using System.Security.Cryptography.X509Certificates;
namespace Metering.Server;
internal sealed record ServerTls(X509Certificate2 Certificate, X509Certificate2Collection? Chain, string? CertificateAuthorityFile)
{
    public static ServerTls Open(ServerOptions options, string data, TimeProvider time) => throw new NotSupportedException(options.Data + data + time);
}
