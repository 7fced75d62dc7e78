using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>Signing keys, revocations and the admin token in the database. Moments are .NET's ticks of UTC, exact.</summary>
internal sealed class PostgresCredentialStore(ConnectionSource source, SharedChanges changes) : ICredentialStore
{
    /// <inheritdoc/>
    public Task<IReadOnlyList<SigningKey>> ReadSigningKeysAsync(CancellationToken cancellationToken) => ReadAsync(
        "SELECT id, created_utc_ticks, private_key FROM signing_key ORDER BY created_utc_ticks, id",
        row => new SigningKey(row.GetString(0), Moment(row.GetInt64(1)), row.GetFieldValue<byte[]>(2)),
        cancellationToken);

    /// <inheritdoc/>
    public Task AddSigningKeyAsync(SigningKey key, CancellationToken cancellationToken) => changes.ChangeAsync(
        async connection =>
        {
            await using var add = new NpgsqlCommand("INSERT INTO signing_key VALUES($1, $2, $3) ON CONFLICT (id) DO NOTHING", connection);
            add.Parameters.Add(Text(key.Id));
            add.Parameters.Add(Number(key.CreatedAt.UtcTicks));
            add.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = key.PrivateKey });
            if (await add.ExecuteNonQueryAsync() == 0)
                throw new StoreException($"There is a signing key {key.Id} already.");
            await SharedChanges.CountChangeAsync(connection, SharedChanges.Credentials);
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task RemoveSigningKeysAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken) => changes.ChangeAsync(
        async connection =>
        {
            await using var remove = new NpgsqlCommand("DELETE FROM signing_key WHERE id = ANY($1)", connection);
            remove.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. ids] });
            if (await remove.ExecuteNonQueryAsync() > 0)
                await SharedChanges.CountChangeAsync(connection, SharedChanges.Credentials);
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RevokedToken>> ReadRevokedTokensAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        IReadOnlyList<RevokedToken> all = await ReadAsync(
            "SELECT id, expires_utc_ticks FROM revoked_token ORDER BY expires_utc_ticks, id",
            row => new RevokedToken(row.GetString(0), Moment(row.GetInt64(1))),
            cancellationToken);
        RevokedToken[] valid = [.. all.Where(token => token.ExpiresAt > now)];
        if (valid.Length < all.Count)
            await ForgetAsync(now, cancellationToken);
        return valid;
    }

    /// <inheritdoc/>
    public Task RevokeAsync(RevokedToken token, CancellationToken cancellationToken) => changes.ChangeAsync(
        async connection =>
        {
            await using var add = new NpgsqlCommand(
                """
                INSERT INTO revoked_token VALUES($1, $2)
                ON CONFLICT (id) DO UPDATE SET expires_utc_ticks = greatest(revoked_token.expires_utc_ticks, excluded.expires_utc_ticks)
                """,
                connection);
            add.Parameters.Add(Text(token.TokenId));
            add.Parameters.Add(Number(token.ExpiresAt.UtcTicks));
            await add.ExecuteNonQueryAsync();
            await SharedChanges.CountChangeAsync(connection, SharedChanges.Credentials);
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public Task<string> AgreeOnAdminTokenAsync(string offered, CancellationToken cancellationToken) => changes.ChangeAsync(
        async connection =>
        {
            await using var offer = new NpgsqlCommand("INSERT INTO admin_token VALUES(1, $1) ON CONFLICT (id) DO NOTHING", connection);
            offer.Parameters.Add(Text(offered));
            await offer.ExecuteNonQueryAsync();
            await using var ask = new NpgsqlCommand("SELECT token FROM admin_token WHERE id = 1", connection);
            return (string)(await ask.ExecuteScalarAsync())!;
        },
        cancellationToken);

    private Task ForgetAsync(DateTimeOffset now, CancellationToken cancellationToken) => changes.ChangeAsync(
        async connection =>
        {
            await using var forget = new NpgsqlCommand("DELETE FROM revoked_token WHERE expires_utc_ticks <= $1", connection);
            forget.Parameters.Add(Number(now.UtcTicks));
            return await forget.ExecuteNonQueryAsync();
        },
        cancellationToken);

    private async Task<IReadOnlyList<T>> ReadAsync<T>(string sql, Func<NpgsqlDataReader, T> row, CancellationToken cancellationToken)
    {
        try
        {
            await using NpgsqlConnection connection = await source.OpenAsync(cancellationToken);
            await using var ask = new NpgsqlCommand(sql, connection);
            await using NpgsqlDataReader reader = await ask.ExecuteReaderAsync(cancellationToken);
            var rows = new List<T>();
            while (await reader.ReadAsync(cancellationToken))
                rows.Add(row(reader));
            return rows;
        }
        catch (NpgsqlException fault)
        {
            throw new StoreException($"Credentials cannot be read from {source.Text.Place}: {Faults.Describe(fault).TrimEnd('.')}.", fault) { IsOutage = true };
        }
    }

    private static DateTimeOffset Moment(long utcTicks) => new(utcTicks, TimeSpan.Zero);

    private static NpgsqlParameter<string> Text(string value) => new() { TypedValue = value };

    private static NpgsqlParameter<long> Number(long value) => new() { TypedValue = value };
}
