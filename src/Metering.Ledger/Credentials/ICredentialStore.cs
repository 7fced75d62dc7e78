namespace Metering.Ledger;

/// <summary>Where the server keeps the keys that it signs tokens with, and the tokens that were revoked.</summary>
public interface ICredentialStore
{
    /// <summary>Every signing key, oldest first.</summary>
    Task<IReadOnlyList<SigningKey>> ReadSigningKeysAsync(CancellationToken cancellationToken);

    /// <summary>Adds a signing key, durably.</summary>
    Task AddSigningKeyAsync(SigningKey key, CancellationToken cancellationToken);

    /// <summary>Forgets signing keys, durably: nothing that they signed holds any longer. Ids that are not there are no fault.</summary>
    Task RemoveSigningKeysAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken);

    /// <summary>The revoked tokens that would otherwise still be valid at <paramref name="now"/>; older ones are forgotten.</summary>
    Task<IReadOnlyList<RevokedToken>> ReadRevokedTokensAsync(DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Remembers a revocation, durably. Doing it twice is no fault.</summary>
    Task RevokeAsync(RevokedToken token, CancellationToken cancellationToken);

    /// <summary>
    /// The admin token that holds for every node: the first that any of them offered. A store that one node has to itself
    /// keeps none, and answers with the one offered.
    /// </summary>
    Task<string> AgreeOnAdminTokenAsync(string offered, CancellationToken cancellationToken);
}

/// <summary>A key that the server signs IAM tokens with.</summary>
/// <param name="Id">The tokens' <c>kid</c>.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="PrivateKey">ECDSA P-256, PKCS#8, DER. Secret.</param>
public sealed record SigningKey(string Id, DateTimeOffset CreatedAt, byte[] PrivateKey);

/// <summary>A token taken out of use before its time.</summary>
/// <param name="TokenId">The token's <c>jti</c>.</param>
/// <param name="ExpiresAt">When it would have ended by itself.</param>
public sealed record RevokedToken(string TokenId, DateTimeOffset ExpiresAt);
