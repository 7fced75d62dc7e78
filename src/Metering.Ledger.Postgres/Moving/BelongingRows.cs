using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>Writes what a moved ledger has beside usage, each number as it was, within the caller's transaction.</summary>
internal static class BelongingRows
{
    private const string Clear = """
        DELETE FROM usage_total; DELETE FROM usage_rejection; DELETE FROM ledger_clock; DELETE FROM catalog_object;
        DELETE FROM signing_key; DELETE FROM revoked_token; DELETE FROM admin_token; DELETE FROM correction;
        DELETE FROM rejected_record; DELETE FROM rejected_count; DELETE FROM rejected_replay; DELETE FROM feed_consumer;
        """;

    private const string Objects = """
        INSERT INTO catalog_object(kind, id, key, retired, body)
        SELECT kind, id, key, retired, body
        FROM unnest($1::smallint[], $2::text[], $3::integer[], $4::boolean[], $5::text[]) AS put(kind, id, key, retired, body)
        """;

    /// <summary>Takes away what a move before may have left: totals, rejections and belongings. Records stay.</summary>
    public static Task ClearAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => ExecuteAsync(connection, Clear, cancellationToken);

    /// <summary>Writes the belongings.</summary>
    public static async Task WriteAsync(NpgsqlConnection connection, LedgerBelongings belongings, CancellationToken cancellationToken)
    {
        IReadOnlyList<StoredObject> objects = belongings.Catalog.Objects;
        await ExecuteAsync(
            connection,
            Objects,
            cancellationToken,
            Of<short[]>([.. objects.Select(stored => (short)stored.Object.Kind)]),
            Of<string[]>([.. objects.Select(stored => stored.Object.Id)]),
            Of<int[]>([.. objects.Select(stored => stored.Key)]),
            Of<bool[]>([.. objects.Select(stored => stored.Retired)]),
            Of<string[]>([.. objects.Select(stored => CatalogBodies.Write(stored.Object))]));
        await ExecuteAsync(
            connection, "UPDATE shared_version SET version = $1 WHERE name = 'catalog'", cancellationToken, Of(belongings.Catalog.Version));
        foreach (SigningKey key in belongings.SigningKeys)
        {
            await ExecuteAsync(
                connection, "INSERT INTO signing_key VALUES($1, $2, $3)", cancellationToken, Of(key.Id), Of(key.CreatedAt.UtcTicks), Of(key.PrivateKey));
        }

        await ExecuteAsync(
            connection,
            "INSERT INTO revoked_token SELECT id, expires FROM unnest($1::text[], $2::bigint[]) AS revoked(id, expires)",
            cancellationToken,
            Of<string[]>([.. belongings.Revocations.Select(token => token.TokenId)]),
            Of<long[]>([.. belongings.Revocations.Select(token => token.ExpiresAt.UtcTicks)]));
        await ExecuteAsync(
            connection, "INSERT INTO ledger_clock VALUES($1, $2)", cancellationToken, Of(RecordRows.Node), Of(belongings.HighWaterUnixNanoseconds));
        foreach (Correction correction in belongings.Corrections)
            await PostgresCorrections.TryInsertAsync(connection, correction); // a step twice would be missing in the comparison
        await MovedRejections.AddAsync(connection, belongings.Replays, cancellationToken);
        if (belongings.Consumers.Count > 0)
            await (await MovedConsumers.LookAsync(connection, cancellationToken)).AddAsync(connection, belongings.Consumers, cancellationToken);
        if (belongings.AdminToken is { } token)
            await ExecuteAsync(connection, "INSERT INTO admin_token VALUES(1, $1)", cancellationToken, Of(token));
    }

    private static NpgsqlParameter<T> Of<T>(T value) => new() { TypedValue = value };

    private static async Task ExecuteAsync(
        NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddRange(parameters);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
