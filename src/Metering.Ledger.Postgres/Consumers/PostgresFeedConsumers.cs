using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>Places in the feed under names, in the database. Of two nodes that save under one name, the second sees the first's.</summary>
internal sealed class PostgresFeedConsumers(ConnectionSource source, SharedChanges changes) : IFeedConsumers
{
    private const string Find = "SELECT name, cursor, saved_unix_nanoseconds FROM feed_consumer WHERE scope = $1 AND name = $2";

    private const string List = "SELECT name, cursor, saved_unix_nanoseconds FROM feed_consumer WHERE scope = $1";

    private const string Replace = """
        UPDATE feed_consumer SET cursor = $3, saved_unix_nanoseconds = $4 WHERE scope = $1 AND name = $2 AND ($5::bytea IS NULL OR cursor = $5)
        """;

    private const string Add = """
        INSERT INTO feed_consumer(scope, name, cursor, saved_unix_nanoseconds) VALUES($1, $2, $3, $4) ON CONFLICT (scope, name) DO NOTHING
        """;

    /// <inheritdoc/>
    public async Task<ConsumerPlace?> FindAsync(string scope, string name, CancellationToken cancellationToken) =>
        (await ReadAsync(Find, cancellationToken, Text(scope), Text(name))).SingleOrDefault();

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ConsumerPlace>> ListAsync(string scope, CancellationToken cancellationToken) =>
        [.. (await ReadAsync(List, cancellationToken, Text(scope))).OrderBy(place => place.Name, StringComparer.Ordinal)];

    /// <inheritdoc/>
    public Task<ConsumerAnswer> SaveAsync(
        string scope, ConsumerPlace place, LedgerCursor? expected, CancellationToken cancellationToken) =>
        changes.ChangeAsync(connection => SaveAsync(connection, scope, place, expected), cancellationToken, isTold: false);

    /// <inheritdoc/>
    public Task<bool> DeleteAsync(string scope, string name, CancellationToken cancellationToken) => changes.ChangeAsync(
        async connection => await RunAsync(
            connection, "DELETE FROM feed_consumer WHERE scope = $1 AND name = $2", Text(scope), Text(name)) > 0,
        cancellationToken,
        isTold: false);

    private static async Task<ConsumerAnswer> SaveAsync(NpgsqlConnection connection, string scope, ConsumerPlace place, LedgerCursor? expected)
    {
        var saved = new ConsumerAnswer(ConsumerOutcome.Saved, place.Cursor);
        if (await RunAsync(connection, Replace, [.. Columns(scope, place), Bytes(expected)]) > 0)
            return saved;
        if (await KeptAsync(connection, scope, place.Name) is { } kept)
            return new ConsumerAnswer(ConsumerOutcome.Conflict, kept.Cursor);
        if (expected is { IsStart: false })
            return new ConsumerAnswer(ConsumerOutcome.Conflict, LedgerCursor.Start);

        // New names come one after the other, so that there are never too many. It happens once in a consumer's life.
        await RunAsync(connection, "SELECT id FROM schema_lock WHERE id = 1 FOR UPDATE");
        if (await KeptAsync(connection, scope, place.Name) is { } meanwhile)
        {
            return expected is not null ? new ConsumerAnswer(ConsumerOutcome.Conflict, meanwhile.Cursor)
                : await RunAsync(connection, Replace, [.. Columns(scope, place), Bytes(null)]) > 0 ? saved
                : throw new StoreException($"The place {place.Name} was saved and deleted by others at the same time. Try again.");
        }

        if ((await ReadAsync(connection, List, CancellationToken.None, Text(scope))).Count >= Limits.FeedConsumers)
            return new ConsumerAnswer(ConsumerOutcome.TooMany, LedgerCursor.Start);
        await RunAsync(connection, Add, [.. Columns(scope, place)]);
        return saved;
    }

    private static async Task<ConsumerPlace?> KeptAsync(NpgsqlConnection connection, string scope, string name) =>
        (await ReadAsync(connection, Find, CancellationToken.None, Text(scope), Text(name))).SingleOrDefault();

    private async Task<List<ConsumerPlace>> ReadAsync(string sql, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        try
        {
            await using NpgsqlConnection connection = await source.OpenAsync(cancellationToken);
            return await ReadAsync(connection, sql, cancellationToken, parameters);
        }
        catch (NpgsqlException fault)
        {
            throw LedgerReader.BrokenOff(source, fault);
        }
    }

    private static async Task<List<ConsumerPlace>> ReadAsync(
        NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        await using var ask = new NpgsqlCommand(sql, connection);
        ask.Parameters.AddRange(parameters);
        await using NpgsqlDataReader row = await ask.ExecuteReaderAsync(cancellationToken);
        var places = new List<ConsumerPlace>();
        while (await row.ReadAsync(cancellationToken))
            places.Add(new ConsumerPlace(row.GetString(0), new LedgerCursor(row.GetFieldValue<byte[]>(1)), row.GetInt64(2)));
        return places;
    }

    private static async Task<int> RunAsync(NpgsqlConnection connection, string sql, params NpgsqlParameter[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        command.Parameters.AddRange(parameters);
        return await command.ExecuteNonQueryAsync(CancellationToken.None);
    }

    private static NpgsqlParameter[] Columns(string scope, ConsumerPlace place) =>
        [Text(scope), Text(place.Name), Bytes(place.Cursor), new NpgsqlParameter<long> { TypedValue = place.SavedUnixNanoseconds }];

    private static NpgsqlParameter<string> Text(string value) => new() { TypedValue = value };

    private static NpgsqlParameter Bytes(LedgerCursor? cursor) =>
        new() { NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bytea, Value = cursor is { } place ? place.Bytes.ToArray() : DBNull.Value };
}
