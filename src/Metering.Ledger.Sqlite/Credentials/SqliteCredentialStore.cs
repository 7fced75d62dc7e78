using System.Globalization;

namespace Metering.Ledger.Sqlite;

/// <summary>Signing keys and revocations in the ledger's file, read and changed on the writer's thread: they are few.</summary>
internal sealed class SqliteCredentialStore(Writer writer) : ICredentialStore
{
    // One length and one zone, so that text order is time order.
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.fffffff'Z'";

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SigningKey>> ReadSigningKeysAsync(CancellationToken cancellationToken) =>
        await writer.ChangeAsync(ReadSigningKeys, cancellationToken);

    /// <inheritdoc/>
    public Task AddSigningKeyAsync(SigningKey key, CancellationToken cancellationToken) => writer.ChangeAsync(
        database =>
        {
            using Statement known = database.Prepare("SELECT 1 FROM signing_key WHERE id = ?1").Bind(1, key.Id);
            if (known.Step())
                throw new StoreException($"There is a signing key {key.Id} already.");
            using Statement add = database.Prepare("INSERT INTO signing_key(id, created_at, private_key) VALUES(?1, ?2, ?3)");
            add.Bind(1, key.Id).Bind(2, Text(key.CreatedAt)).Bind(3, key.PrivateKey).Run();
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task RemoveSigningKeysAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken) => writer.ChangeAsync(
        database =>
        {
            foreach (string id in ids)
            {
                using Statement remove = database.Prepare("DELETE FROM signing_key WHERE id = ?1");
                remove.Bind(1, id).Run();
            }

            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RevokedToken>> ReadRevokedTokensAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        await writer.ChangeAsync(database => ReadRevokedTokens(database, now), cancellationToken);

    /// <inheritdoc/>
    public Task RevokeAsync(RevokedToken token, CancellationToken cancellationToken) => writer.ChangeAsync(
        database =>
        {
            using Statement add = database.Prepare("""
                INSERT INTO revoked_token(id, expires_at) VALUES(?1, ?2)
                ON CONFLICT DO UPDATE SET expires_at = max(expires_at, excluded.expires_at)
                """);
            add.Bind(1, token.TokenId).Bind(2, Text(token.ExpiresAt)).Run();
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<string> AgreeOnAdminTokenAsync(string offered, CancellationToken cancellationToken) => Task.FromResult(offered);

    /// <summary>Every signing key, oldest first.</summary>
    internal static List<SigningKey> ReadSigningKeys(Database database)
    {
        var keys = new List<SigningKey>();
        using Statement rows = database.Prepare("SELECT id, created_at, private_key FROM signing_key ORDER BY created_at, number");
        while (rows.Step())
            keys.Add(new SigningKey(rows.Text(0), Time(rows.Text(1)), rows.Bytes(2).ToArray()));
        return keys;
    }

    private static List<RevokedToken> ReadRevokedTokens(Database database, DateTimeOffset now)
    {
        using (Statement forget = database.Prepare("DELETE FROM revoked_token WHERE expires_at <= ?1"))
            forget.Bind(1, Text(now)).Run();
        return ReadAllRevokedTokens(database);
    }

    /// <summary>Every revocation that is not forgotten yet.</summary>
    internal static List<RevokedToken> ReadAllRevokedTokens(Database database)
    {
        var tokens = new List<RevokedToken>();
        using Statement rows = database.Prepare("SELECT id, expires_at FROM revoked_token ORDER BY expires_at, id");
        while (rows.Step())
            tokens.Add(new RevokedToken(rows.Text(0), Time(rows.Text(1))));
        return tokens;
    }

    private static string Text(DateTimeOffset moment) => moment.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    private static DateTimeOffset Time(string text) => DateTimeOffset.ParseExact(
        text, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);
}
