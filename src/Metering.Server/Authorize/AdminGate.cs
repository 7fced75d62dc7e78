using Metering.Grpc;

namespace Metering.Server;

/// <summary>
/// Lets the holder of the admin token through to administration and reading; where the operator asks for it, only over a
/// connection with an administrator's certificate.
/// </summary>
internal sealed class AdminGate(AdminToken token, ServerTls? tls)
{
    private static readonly Refusal NotAdmin = new(
        RefusalKind.Unauthenticated, "This call needs the admin token: 'authorization: Bearer' and the text of admin.token in the server's data directory.");

    private static readonly Refusal NoCertificate = new(
        RefusalKind.Unauthenticated, "This call needs a client certificate too, over TLS, of a CA that the server's admin-client-ca names.");

    /// <summary>Refuses everybody else. Who has not the token does not learn whether a certificate is asked for.</summary>
    public Refusal? Check(RpcCall call) =>
        !SeesTokenOf(call) ? NotAdmin
        : tls is { AsksAdministrators: true } && !tls.AdmitsAdministrator(call.HttpContext.Connection.ClientCertificate) ? NoCertificate
        : null;

    /// <summary>Refuses everybody else, in the words of the wire: the guard of a whole service.</summary>
    public RpcStatus? Guard(RpcCall call) => Check(call) is { } stranger ? RefusalStatus.Of(stranger) : null;

    /// <summary>Whether the call carries the admin token, which alone may not be enough.</summary>
    public bool SeesTokenOf(RpcCall call) => token.IsCarriedBy(call.RequestHeaders.Authorization);
}
