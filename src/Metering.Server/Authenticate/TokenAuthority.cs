using System.Collections.Immutable;
using Metering.Ledger;
using Microsoft.Extensions.Primitives;

namespace Metering.Server;

/// <summary>
/// Issues IAM tokens and says whose token a request carries. A token is verified once and then looked up; every request
/// still checks that it has not ended, is not revoked, and that its key and account are in the catalog it was given.
/// </summary>
/// <remarks>Thread-safe.</remarks>
public sealed class TokenAuthority : IAuthenticator
{
    private const string Scheme = "Bearer ";
    private const int SweepAtLeastRevocations = 1024;

    private static readonly Refusal Missing = Refusal.Unauthenticated(
        "no token: send the header 'authorization: Bearer <IAM token>'");

    private static readonly Refusal NotBearer = Refusal.Unauthenticated(
        "the authorization header is not of the form 'Bearer <IAM token>'");

    private static readonly Refusal NotValid = Refusal.Unauthenticated(
        "the IAM token is not valid: it was not issued by this server, or was altered");

    private static readonly Refusal Expired = Refusal.Unauthenticated(
        "the IAM token has expired: exchange the authorized key for a new one");

    private static readonly Refusal Gone = Refusal.Unauthenticated(
        "the IAM token is revoked, or its key or service account is gone");

    private readonly ICredentialStore _store;
    private readonly SigningKeyRing _keys;
    private readonly TimeProvider _time;
    private readonly TimeSpan _lifetime;
    private readonly VerifiedTokens _verified;
    private readonly Lock _changing = new();
    private State _state;
    private int _sweepAtRevocations = SweepAtLeastRevocations;

    private TokenAuthority(
        ICredentialStore store,
        TimeProvider time,
        TokenOptions options,
        SigningKeyRing ring,
        IReadOnlyList<SigningKey> keys,
        IReadOnlyList<RevokedToken> revoked)
    {
        _store = store;
        _keys = ring;
        _time = time;
        _lifetime = options.Lifetime;
        _verified = new VerifiedTokens(options.VerifiedTokens);
        _state = new State(new TokenSigner(keys), CatalogSnapshot.Empty, ById(revoked));
    }

    /// <summary>Verified tokens remembered now.</summary>
    internal int RememberedTokens => _verified.Count;

    /// <summary>Reads signing keys and revocations; the first start makes the first key.</summary>
    /// <exception cref="ArgumentException">The options have faults.</exception>
    public static async Task<TokenAuthority> StartAsync(
        ICredentialStore store, TimeProvider time, TokenOptions options, CancellationToken cancellationToken)
    {
        if (options.Faults().FirstOrDefault() is { } fault)
            throw new ArgumentException(fault, nameof(options));
        var ring = new SigningKeyRing(store, time);
        IReadOnlyList<SigningKey> keys = await ring.ReadAsync(cancellationToken);
        return new TokenAuthority(store, time, options, ring, keys, await store.ReadRevokedTokensAsync(time.GetUtcNow(), cancellationToken));
    }

    /// <summary>Adds a signing key and signs with it from now on; tokens signed with older ones stay valid.</summary>
    /// <param name="dropOlder">Drops the older ones at once, and every token that they signed: for a key that leaked.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The keys in use, newest first.</returns>
    public async Task<IReadOnlyList<SigningKeyInUse>> RotateSigningKeyAsync(bool dropOlder, CancellationToken cancellationToken)
    {
        await _keys.RotateAsync(dropOlder, cancellationToken);
        await RefreshAsync(CancellationToken.None); // what is in the store has to come into force
        IReadOnlyList<SigningKey> keys = Volatile.Read(ref _state).Signer.Keys;
        return [.. keys.Select((key, index) => new SigningKeyInUse(key.Id, key.CreatedAt, SigningKeyRing.VerifiesUntil(keys, index))).Reverse()];
    }

    /// <summary>Takes over the signing keys and revocations that other nodes have stored.</summary>
    public async Task RefreshAsync(CancellationToken cancellationToken)
    {
        var signer = new TokenSigner(await _keys.ReadAsync(cancellationToken));
        IReadOnlyList<RevokedToken> revoked = await _store.ReadRevokedTokensAsync(_time.GetUtcNow(), cancellationToken);
        lock (_changing)
        {
            // Two readings at the same time may end in the wrong order: the later state of the store stays.
            TokenSigner later = signer.IsAtLeastAsLateAs(_state.Signer) ? signer : _state.Signer;
            Volatile.Write(ref _state, new State(later, _state.Snapshot, Swept(_state.Revoked).SetItems(ById(revoked))));
        }
    }

    /// <summary>A token for a service account.</summary>
    /// <param name="accountId">The account; the caller has checked that it exists.</param>
    /// <param name="keyId">The authorized key that proved it, whose end is the token's end too; null for the admin's.</param>
    public IssuedToken Issue(string accountId, string? keyId) =>
        Volatile.Read(ref _state).Signer.Sign(accountId, keyId, _time.GetUtcNow(), _lifetime);

    /// <summary>A token for an account, asked for by itself; it lives and dies with the same key as the caller's.</summary>
    public TokenIssue IssueForServiceAccount(AuthenticatedAccount caller, string accountId) =>
        string.Equals(caller.Account.Account.Id, accountId, StringComparison.Ordinal)
            ? new TokenIssue(Issue(accountId, caller.KeyId), null)
            : new TokenIssue(null, new Refusal(
                RefusalKind.NotPermitted, "a service account can create tokens for itself only, and for others only the admin can"));

    /// <summary>A token for any account, asked for by the admin; no key's end ends it.</summary>
    public TokenIssue IssueForAdmin(string accountId, CatalogSnapshot snapshot) => snapshot.FindAccount(accountId) is not null
        ? new TokenIssue(Issue(accountId, null), null)
        : new TokenIssue(null, new Refusal(RefusalKind.NotFound, "no such service account in the catalog"));

    /// <summary>Says who sent a request.</summary>
    /// <param name="authorization">The values of the authorization header.</param>
    /// <param name="snapshot">The catalog that the request took.</param>
    public Authentication Authenticate(StringValues authorization, CatalogSnapshot snapshot)
    {
        if (authorization.Count != 1 || authorization[0] is not { Length: > 0 } header)
            return new Authentication(null, authorization.Count > 1 ? NotBearer : Missing);
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return new Authentication(null, NotBearer);
        ReadOnlySpan<char> text = header.AsSpan(Scheme.Length).Trim(' ');
        if (text.IsEmpty)
            return new Authentication(null, NotBearer);

        VerifiedToken? token = _verified.Find(text);
        bool isNew = token is null;
        if (token is null && (token = Verify(text)) is null)
            return new Authentication(null, NotValid);
        if (_time.GetUtcNow().UtcTicks >= token.ExpiresAtUtcTicks)
        {
            _verified.Remove(token.Text);
            return new Authentication(null, Expired);
        }

        AuthenticatedAccount? account = Stand(token, snapshot);
        if (isNew && account is not null)
            _verified.Add(token);
        return account is null ? new Authentication(null, Gone) : new Authentication(account, null);
    }

    /// <summary>Takes a token out of use, here at once, durably before the answer.</summary>
    /// <returns>Whose token it was, also when it had already ended; or a refusal when it is none of this server's.</returns>
    public async Task<TokenRevocation> RevokeAsync(string token, CancellationToken cancellationToken)
    {
        if (!Volatile.Read(ref _state).Signer.TryVerify(token, _time.GetUtcNow(), out TokenClaims? claims))
            return new TokenRevocation(null, Refusal.InvalidForm("the text is not an IAM token that this server issued"));
        if (claims.ExpiresAt > _time.GetUtcNow())
        {
            // Refused here before it is stored: a failing store must not leave a token in use that its owner gave up.
            lock (_changing)
                Volatile.Write(ref _state, new State(_state.Signer, _state.Snapshot, Swept(_state.Revoked).SetItem(claims.TokenId, claims.ExpiresAt)));
            await _store.RevokeAsync(new RevokedToken(claims.TokenId, claims.ExpiresAt), cancellationToken);
        }

        _verified.Remove(token);
        return new TokenRevocation(claims.SubjectId, null);
    }

    private VerifiedToken? Verify(ReadOnlySpan<char> text) =>
        Volatile.Read(ref _state).Signer.TryVerify(text, _time.GetUtcNow(), out TokenClaims? claims) ? new VerifiedToken(text.ToString(), claims) : null;

    // An unchanged catalog and unchanged revocations cost two reference comparisons.
    private AuthenticatedAccount? Stand(VerifiedToken token, CatalogSnapshot snapshot)
    {
        State state = Volatile.Read(ref _state);
        if (!ReferenceEquals(state.Snapshot, snapshot))
            state = Advance(snapshot);
        VerifiedToken.Standing standing = token.LastStanding;
        if (!ReferenceEquals(standing.Mark, state.Mark))
            token.LastStanding = standing = new VerifiedToken.Standing(state.Mark, state.Find(token.Claims));
        return standing.Account;
    }

    // A request that still has an older catalog is judged by that one, without turning the state back.
    private State Advance(CatalogSnapshot snapshot)
    {
        lock (_changing)
        {
            var state = new State(_state.Signer, snapshot, _state.Revoked);
            if (ReferenceEquals(_state.Snapshot, snapshot))
                return _state;
            if (snapshot.Stored.Version >= _state.Snapshot.Stored.Version)
                Volatile.Write(ref _state, state);
            return state;
        }
    }

    // Ended tokens are refused anyway. Swept when their number has doubled, so that a revocation stays cheap.
    private ImmutableDictionary<string, DateTimeOffset> Swept(ImmutableDictionary<string, DateTimeOffset> revoked)
    {
        if (revoked.Count < _sweepAtRevocations)
            return revoked;
        DateTimeOffset now = _time.GetUtcNow();
        revoked = revoked.RemoveRange(revoked.Where(token => token.Value <= now).Select(token => token.Key));
        _sweepAtRevocations = Math.Max(SweepAtLeastRevocations, revoked.Count * 2);
        return revoked;
    }

    private static ImmutableDictionary<string, DateTimeOffset> ById(IReadOnlyList<RevokedToken> revoked) =>
        revoked.ToImmutableDictionary(token => token.TokenId, token => token.ExpiresAt, StringComparer.Ordinal);

    /// <summary>All that a token's standing depends on besides the clock. Immutable; a change makes a new one with a new mark.</summary>
    private sealed class State(TokenSigner signer, CatalogSnapshot snapshot, ImmutableDictionary<string, DateTimeOffset> revoked)
    {
        public readonly TokenSigner Signer = signer;
        public readonly CatalogSnapshot Snapshot = snapshot;
        public readonly ImmutableDictionary<string, DateTimeOffset> Revoked = revoked;
        public readonly object Mark = new();

        public AuthenticatedAccount? Find(TokenClaims claims) =>
            Signer.Has(claims.SigningKeyId) // a remembered token goes with a key that was dropped
            && !Revoked.ContainsKey(claims.TokenId)
            && Snapshot.FindAccount(claims.SubjectId) is { } account
            && (claims.KeyId is null || Snapshot.FindKey(claims.KeyId)?.ServiceAccountId == claims.SubjectId)
                ? new AuthenticatedAccount(account, claims.KeyId, claims.ExpiresAt)
                : null;
    }
}
