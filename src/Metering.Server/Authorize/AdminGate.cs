using Metering.Grpc;

namespace Metering.Server;

/// <summary>Lets the holder of the admin token through to administration and reading.</summary>
internal sealed class AdminGate(AdminToken token)
{
    private static readonly Refusal NotAdmin = new(
        RefusalKind.Unauthenticated, "This call needs the admin token: 'authorization: Bearer' and the text of admin.token in the server's data directory.");

    /// <summary>Refuses everybody else.</summary>
    public Refusal? Check(RpcCall call) => token.IsCarriedBy(call.RequestHeaders.Authorization) ? null : NotAdmin;
}
