using System.Data;
using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>The catalog in the database. Changes wait for each other at the row of its version.</summary>
internal sealed class PostgresCatalogStore(ConnectionSource source, SharedChanges changes) : ICatalogStore
{
    private const string Put = """
        INSERT INTO catalog_object(kind, id, key, retired, body)
        SELECT kind, id, key, retired, body
        FROM unnest($1::smallint[], $2::text[], $3::integer[], $4::boolean[], $5::text[]) AS put(kind, id, key, retired, body)
        ON CONFLICT (kind, id) DO UPDATE SET retired = excluded.retired, body = excluded.body
        """;

    /// <inheritdoc/>
    public async Task<StoredCatalog> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using NpgsqlConnection connection = await source.OpenAsync(cancellationToken);

            // Version and objects of one state.
            await using NpgsqlTransaction state = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
            return await ReadAsync(connection, cancellationToken);
        }
        catch (NpgsqlException fault)
        {
            throw new StoreException($"The catalog cannot be read from {source.Text.Place}: {Faults.Describe(fault).TrimEnd('.')}.", fault) { IsOutage = true };
        }
    }

    /// <inheritdoc/>
    public Task<StoredCatalog> ApplyAsync(long baseVersion, IReadOnlyList<CatalogPut> puts, CancellationToken cancellationToken) =>
        changes.ChangeAsync(connection => ApplyAsync(connection, baseVersion, puts), cancellationToken);

    private static async Task<StoredCatalog> ApplyAsync(NpgsqlConnection connection, long baseVersion, IReadOnlyList<CatalogPut> puts)
    {
        await using (var take = new NpgsqlCommand("UPDATE shared_version SET version = version + 1 WHERE name = 'catalog' AND version = $1", connection))
        {
            take.Parameters.Add(new NpgsqlParameter<long> { TypedValue = baseVersion });
            if (await take.ExecuteNonQueryAsync() == 0)
                throw new CatalogConflictException(baseVersion, await VersionAsync(connection, CancellationToken.None));
        }

        if (puts.Count > 0)
            await PutAsync(connection, puts);
        return await ReadAsync(connection, CancellationToken.None);
    }

    private static async Task PutAsync(NpgsqlConnection connection, IReadOnlyList<CatalogPut> puts)
    {
        Dictionary<(CatalogKind Kind, string Id), int> keys = await ReadKeysAsync(connection);
        int last = keys.Count == 0 ? 0 : keys.Values.Max();
        var latest = new OrderedDictionary<(CatalogKind Kind, string Id), CatalogPut>(); // of an object that is put twice, the later
        foreach (CatalogPut put in puts)
        {
            latest[(put.Object.Kind, put.Object.Id)] = put;
            if (!keys.ContainsKey((put.Object.Kind, put.Object.Id)))
                keys.Add((put.Object.Kind, put.Object.Id), ++last);
        }

        await using var command = new NpgsqlCommand(Put, connection);
        command.Parameters.Add(new NpgsqlParameter<short[]> { TypedValue = [.. latest.Keys.Select(key => (short)key.Kind)] });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. latest.Keys.Select(key => key.Id)] });
        command.Parameters.Add(new NpgsqlParameter<int[]> { TypedValue = [.. latest.Keys.Select(key => keys[key])] });
        command.Parameters.Add(new NpgsqlParameter<bool[]> { TypedValue = [.. latest.Values.Select(put => put.Retired)] });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. latest.Values.Select(put => CatalogBodies.Write(put.Object))] });
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<Dictionary<(CatalogKind Kind, string Id), int>> ReadKeysAsync(NpgsqlConnection connection)
    {
        var keys = new Dictionary<(CatalogKind, string), int>();
        await using var ask = new NpgsqlCommand("SELECT kind, id, key FROM catalog_object", connection);
        await using NpgsqlDataReader row = await ask.ExecuteReaderAsync();
        while (await row.ReadAsync())
            keys.Add(((CatalogKind)row.GetInt16(0), row.GetString(1)), row.GetInt32(2));
        return keys;
    }

    private static async Task<StoredCatalog> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var objects = new List<StoredObject>();
        await using (var ask = new NpgsqlCommand("SELECT key, kind, retired, body FROM catalog_object ORDER BY key", connection))
        await using (NpgsqlDataReader row = await ask.ExecuteReaderAsync(cancellationToken))
        {
            while (await row.ReadAsync(cancellationToken))
            {
                CatalogObject value = CatalogBodies.Read(row.GetInt32(0), (CatalogKind)row.GetInt16(1), row.GetString(3));
                objects.Add(new StoredObject(row.GetInt32(0), value, row.GetBoolean(2)));
            }
        }

        return new StoredCatalog(await VersionAsync(connection, cancellationToken), objects);
    }

    private static async Task<long> VersionAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var ask = new NpgsqlCommand("SELECT version FROM shared_version WHERE name = 'catalog'", connection);
        return (long)(await ask.ExecuteScalarAsync(cancellationToken))!;
    }
}
