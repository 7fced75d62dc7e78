using System.Runtime.CompilerServices;
using Metering.Grpc;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// The path of usage, whole: wire → authenticate → authorize → validate → ledger → compare → respond. gRPC and REST differ only
/// before the first stage and after the last. Each stage may refuse; a refusal is a value that goes straight to respond.
/// </summary>
public sealed class WritePath(
    CatalogHolder catalog, IAuthenticator authenticator, Authorizer authorizer, Validator validator, ILedger ledger,
    DuplicateComparison? duplicates = null, AccountRate? rate = null, SkewWatch? skew = null)
{
    /// <summary>Carries one Write request from its decoded form to its verdicts.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<RpcResult<UsageWrite>> WriteAsync(UsageWrite write, RpcCall call)
    {
        // 1. Wire: UsageWriteCodec has decoded the message into `write`.
        write.RequestId = RequestIdMiddleware.IdOf(call.HttpContext);
        CatalogSnapshot snapshot = catalog.Current;

        // 2. Authenticate: who is calling?
        Authentication caller = authenticator.Authenticate(call.RequestHeaders.Authorization, snapshot);
        if (caller.Account is not { } account)
            return RefusalStatus.Of(caller.Refusal!);

        // 3. Authorize: may they report this usage, and to whom is it counted?
        if (authorizer.Authorize(write, account.Account, snapshot) is { } forbidden)
            return RefusalStatus.Of(forbidden);
        if (rate?.Take(account.Account.Key) is { } tooOften)
            return RefusalStatus.Of(tooOften);

        // 4. Validate: has the request its form, and which rules does each record break?
        if (validator.Validate(write, snapshot) is { } malformed)
            return RefusalStatus.Of(malformed);

        // 5. Ledger: was it counted before? If not, count it, durably.
        LedgerAnswer answer = await ledger.WriteAsync(write);
        if (answer != LedgerAnswer.Committed)
            return RefusalStatus.Of(answer);

        // 6. Compare: is each duplicate what was counted? The verdicts stay as they are; what differs is said beside them.
        if (duplicates is not null && DuplicateComparison.IsNeeded(write)
            && await duplicates.CompareAsync(write) is { Count: > 0 } differences)
        {
            DuplicateConflictTrailer.Add(call, write, differences, authorizer.ScopeOf(account.Account), catalog.Current);
        }

        // 7. Respond: UsageVerdictCodec encodes the verdicts of `write`; who comes close to losing records is told beside them.
        if (skew?.Observe(write, account.Account) is { } warning)
            call.AddTrailer(SkewWarning.Name, warning);
        return write;
    }
}
