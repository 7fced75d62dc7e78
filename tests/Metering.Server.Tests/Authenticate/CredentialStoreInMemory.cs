using Metering.Ledger;

namespace Metering.Server.Tests;

/// <summary>Credentials that live as long as the object; several servers may share one, as nodes share a store.</summary>
internal sealed class CredentialStoreInMemory : ICredentialStore
{
    private readonly List<SigningKey> _keys = [];
    private readonly List<RevokedToken> _revoked = [];

    public bool Fails { get; set; }

    public IReadOnlyList<SigningKey> Keys => _keys;

    public IReadOnlyList<RevokedToken> Revoked => _revoked;

    public Task<IReadOnlyList<SigningKey>> ReadSigningKeysAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<SigningKey>>([.. _keys]);

    public Task AddSigningKeyAsync(SigningKey key, CancellationToken cancellationToken)
    {
        _keys.Add(key);
        return Task.CompletedTask;
    }

    public Task RemoveSigningKeysAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken)
    {
        _keys.RemoveAll(key => ids.Contains(key.Id));
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<RevokedToken>> ReadRevokedTokensAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<RevokedToken>>([.. _revoked.Where(token => token.ExpiresAt > now)]);

    public Task RevokeAsync(RevokedToken token, CancellationToken cancellationToken)
    {
        if (Fails)
            return Task.FromException(new IOException("the disk is gone"));
        if (!_revoked.Contains(token))
            _revoked.Add(token);
        return Task.CompletedTask;
    }

    public Task<string> AgreeOnAdminTokenAsync(string offered, CancellationToken cancellationToken) => Task.FromResult(offered);
}
