using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>Brings the tables to this program's version, whichever node comes first; the others wait for it.</summary>
internal static class SchemaUpgrade
{
    private const int Attempts = 20;

    // The lock is a row, so that every engine has it.
    private const string Foundation = """
        CREATE TABLE IF NOT EXISTS schema_step(version integer NOT NULL PRIMARY KEY, oldest_program integer NOT NULL, program text NOT NULL);
        CREATE TABLE IF NOT EXISTS schema_lock(id smallint NOT NULL PRIMARY KEY CHECK(id = 1));
        INSERT INTO schema_lock VALUES(1) ON CONFLICT DO NOTHING;
        """;

    /// <summary>Makes what is missing.</summary>
    /// <returns>The version that was found; 0 when there was nothing.</returns>
    /// <exception cref="StoreException">The tables are of a newer program that this one does not get along with, or cannot be made.</exception>
    public static async Task<int> RunAsync(
        ConnectionSource source, IReadOnlyList<Migration> migrations, PostgresStoreOptions options, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await source.OpenAsync(cancellationToken);
        int found = await VersionAsync(connection, migrations[^1].Version, source.Text, cancellationToken);
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                if (await VersionAsync(connection, migrations[^1].Version, source.Text, cancellationToken) is var version && version >= migrations[^1].Version)
                    return found;
                if (version == 0)
                    await ExecuteAsync(connection, $"CREATE SCHEMA IF NOT EXISTS {source.Text.Schema}; {Foundation}", cancellationToken);
                foreach (Migration migration in migrations)
                    await TakeStepAsync(connection, migration, cancellationToken);
            }
            catch (PostgresException fault) when (attempt < Attempts && IsOtherNodes(fault))
            {
                // Another node makes the same tables at this moment: look again what is left to do.
                await Task.Delay(options.RetryTime * attempt, options.Waits, cancellationToken);
            }
            catch (PostgresException fault)
            {
                throw new StoreException(
                    $"The tables of the ledger cannot be made at {source.Text.Place}: {Faults.Describe(fault)}. The user needs the right to create "
                    + "a schema in the database, or somebody who has it starts the first node.",
                    fault);
            }
        }
    }

    private static async Task TakeStepAsync(NpgsqlConnection connection, Migration migration, CancellationToken cancellationToken)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, "SELECT id FROM schema_lock WHERE id = 1 FOR UPDATE", cancellationToken);
        await using (var known = new NpgsqlCommand("SELECT count(*) FROM schema_step WHERE version >= $1", connection))
        {
            known.Parameters.Add(new NpgsqlParameter<int> { TypedValue = migration.Version });
            if ((long)(await known.ExecuteScalarAsync(cancellationToken))! > 0)
                return;
        }

        await ExecuteAsync(connection, migration.Sql, cancellationToken);
        await using var note = new NpgsqlCommand("INSERT INTO schema_step VALUES($1, $2, $3)", connection);
        note.Parameters.Add(new NpgsqlParameter<int> { TypedValue = migration.Version });
        note.Parameters.Add(new NpgsqlParameter<int> { TypedValue = migration.OldestProgram });
        note.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Program });
        await note.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(CancellationToken.None);
    }

    private static async Task<int> VersionAsync(NpgsqlConnection connection, int own, ConnectionText text, CancellationToken cancellationToken)
    {
        try
        {
            await using var ask = new NpgsqlCommand("SELECT version, oldest_program, program FROM schema_step ORDER BY version DESC LIMIT 1", connection);
            await using NpgsqlDataReader row = await ask.ExecuteReaderAsync(cancellationToken);
            if (!await row.ReadAsync(cancellationToken))
                return 0;
            if (row.GetInt32(1) > own)
            {
                throw new StoreException(
                    $"The ledger at {text.Place} has schema version {row.GetInt32(0)}, made by version {row.GetString(2)} of the program; "
                    + $"this one knows up to {own}. Use that version or a newer one.");
            }

            return row.GetInt32(0);
        }
        catch (PostgresException fault) when (fault.SqlState == PostgresErrorCodes.UndefinedTable)
        {
            return 0;
        }
    }

    private static string Program => typeof(SchemaUpgrade).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    private static bool IsOtherNodes(PostgresException fault) => Faults.KindOf(fault) == FaultKind.Again
        || fault.SqlState is PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.DuplicateTable or PostgresErrorCodes.DuplicateSchema
            or PostgresErrorCodes.DuplicateObject or PostgresErrorCodes.LockNotAvailable or "XX000"; // tuple concurrently updated

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
