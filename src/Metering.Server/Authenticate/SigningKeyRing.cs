using Metering.Ledger;

namespace Metering.Server;

/// <summary>A signing key without its secret.</summary>
/// <param name="Id">The <c>kid</c> of the tokens that it signs.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="VerifiesUntil">When it is out of use; null for the one that signs.</param>
public sealed record SigningKeyInUse(string Id, DateTimeOffset CreatedAt, DateTimeOffset? VerifiesUntil);

/// <summary>
/// The signing keys of the store: the newest signs; an older one verifies until no token of its can still be good, and is
/// then forgotten.
/// </summary>
internal sealed class SigningKeyRing(ICredentialStore store, TimeProvider time)
{
    /// <summary>The keys in use, oldest first; the first start makes the first one. Those whose time is over are forgotten.</summary>
    public async Task<IReadOnlyList<SigningKey>> ReadAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<SigningKey> keys = await store.ReadSigningKeysAsync(cancellationToken);
        if (keys.Count == 0)
        {
            await store.AddSigningKeyAsync(TokenSigner.MakeKey(time.GetUtcNow()), cancellationToken);
            return await store.ReadSigningKeysAsync(cancellationToken);
        }

        DateTimeOffset now = time.GetUtcNow();
        SigningKey[] inUse = [.. keys.Where((_, index) => VerifiesUntil(keys, index) is not { } end || now < end)];
        if (inUse.Length < keys.Count)
            await store.RemoveSigningKeysAsync([.. keys.Except(inUse).Select(key => key.Id)], cancellationToken);
        return inUse;
    }

    /// <summary>Adds a key, which signs from now on.</summary>
    /// <param name="dropOlder">Forgets all others, and thereby every token that they signed.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task RotateAsync(bool dropOlder, CancellationToken cancellationToken)
    {
        IReadOnlyList<SigningKey> before = await store.ReadSigningKeysAsync(cancellationToken);

        // The newest by its time signs: a clock that was set back must not make a new key an old one.
        DateTimeOffset now = time.GetUtcNow();
        DateTimeOffset after = before.Count == 0 ? now : before[^1].CreatedAt.AddTicks(1);
        await store.AddSigningKeyAsync(TokenSigner.MakeKey(now > after ? now : after), cancellationToken);
        if (dropOlder)
            await store.RemoveSigningKeysAsync([.. before.Select(key => key.Id)], cancellationToken);
    }

    /// <summary>
    /// When a key is out of use; null for the newest. It signed until the next one was made, and no token lives longer than
    /// <see cref="Limits.IamTokenLifetimeMaximum"/>, whatever lifetime was set at the time.
    /// </summary>
    /// <param name="keys">All keys, oldest first.</param>
    /// <param name="index">Which of them.</param>
    public static DateTimeOffset? VerifiesUntil(IReadOnlyList<SigningKey> keys, int index) =>
        index + 1 < keys.Count ? keys[index + 1].CreatedAt + Limits.IamTokenLifetimeMaximum : null;
}
