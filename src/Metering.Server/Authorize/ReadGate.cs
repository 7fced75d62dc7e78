using Metering.Grpc;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// Lets those through to reading whose usage it is: the holder of the admin token (<see cref="AdminGate"/>), and service
/// accounts of publishers and customers, each within its <see cref="ReadScope"/>. Whoever calls the emulator reads everything.
/// </summary>
internal sealed class ReadGate(AdminGate admin, IAuthenticator authenticator, CatalogHolder catalog, bool isEmulator)
{
    private static readonly object Key = new();

    /// <summary>Refuses strangers, in the words of the wire: the guard of a whole service. Keeps the scope of everybody else.</summary>
    public RpcStatus? Guard(RpcCall call)
    {
        ReadScope scope = ReadScope.Everything;
        if (admin.SeesTokenOf(call))
        {
            if (admin.Guard(call) is { } refusal)
                return refusal;
        }
        else
        {
            Authentication caller = authenticator.Authenticate(call.RequestHeaders.Authorization, catalog.Current);
            if (caller.Account is not { } known)
                return RefusalStatus.Of(caller.Refusal!);
            ServiceAccount account = known.Account.Account;
            if (!isEmulator || account.PublisherId is not null || account.CustomerId is not null)
                scope = ReadScope.Of(account);
        }

        call.HttpContext.Items[Key] = scope;
        return null;
    }

    /// <summary>What a call that <see cref="Guard"/> let through may read.</summary>
    public static ReadScope ScopeOf(RpcCall call) => (ReadScope)call.HttpContext.Items[Key]!;

    /// <summary>Refuses everybody but the holder of the admin token, of those whom <see cref="Guard"/> let through.</summary>
    public Refusal? CheckAdmin(RpcCall call) => admin.Check(call);
}
