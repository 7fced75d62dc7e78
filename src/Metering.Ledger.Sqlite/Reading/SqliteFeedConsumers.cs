namespace Metering.Ledger.Sqlite;

/// <summary>Places in the feed under names, in the ledger's file; changed on the writer's thread, one after the other.</summary>
internal sealed class SqliteFeedConsumers(Writer writer, ReadConnections connections) : IFeedConsumers
{
    /// <inheritdoc/>
    public Task<ConsumerPlace?> FindAsync(string scope, string name, CancellationToken cancellationToken) =>
        Task.Run(() => connections.Read(connection => Find(connection.Database, scope, name)), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<ConsumerPlace>> ListAsync(string scope, CancellationToken cancellationToken) =>
        Task.Run(() => connections.Read(connection => List(connection.Database, scope)), cancellationToken);

    /// <inheritdoc/>
    public Task<ConsumerAnswer> SaveAsync(
        string scope, ConsumerPlace place, LedgerCursor? expected, CancellationToken cancellationToken) =>
        writer.ChangeAsync(database => Save(database, scope, place, expected), cancellationToken);

    /// <inheritdoc/>
    public Task<bool> DeleteAsync(string scope, string name, CancellationToken cancellationToken) => writer.ChangeAsync(
        database =>
        {
            bool isKept = Find(database, scope, name) is not null;
            using Statement delete = database.Prepare("DELETE FROM feed_consumer WHERE scope = ?1 AND name = ?2");
            delete.Bind(1, scope).Bind(2, name).Run();
            return isKept;
        },
        cancellationToken);

    private static ConsumerAnswer Save(Database database, string scope, ConsumerPlace place, LedgerCursor? expected)
    {
        ConsumerPlace? kept = Find(database, scope, place.Name);
        LedgerCursor cursor = kept?.Cursor ?? LedgerCursor.Start;
        if (expected is { } must && must != cursor)
            return new ConsumerAnswer(ConsumerOutcome.Conflict, cursor);
        if (kept is null && Count(database, scope) >= Limits.FeedConsumers)
            return new ConsumerAnswer(ConsumerOutcome.TooMany, cursor);
        using Statement save = database.Prepare("""
            INSERT INTO feed_consumer VALUES(?1, ?2, ?3, ?4)
            ON CONFLICT(scope, name) DO UPDATE SET cursor = excluded.cursor, saved_unix_nanoseconds = excluded.saved_unix_nanoseconds
            """);
        save.Bind(1, scope).Bind(2, place.Name).Bind(3, place.Cursor.Bytes.Span).Bind(4, place.SavedUnixNanoseconds).Run();
        return new ConsumerAnswer(ConsumerOutcome.Saved, place.Cursor);
    }

    private static ConsumerPlace? Find(Database database, string scope, string name)
    {
        using Statement row = database.Prepare(
            "SELECT name, cursor, saved_unix_nanoseconds FROM feed_consumer WHERE scope = ?1 AND name = ?2").Bind(1, scope).Bind(2, name);
        return row.Step() ? Place(row) : null;
    }

    private static IReadOnlyList<ConsumerPlace> List(Database database, string scope)
    {
        var places = new List<ConsumerPlace>();
        using Statement rows = database.Prepare(
            "SELECT name, cursor, saved_unix_nanoseconds FROM feed_consumer WHERE scope = ?1 ORDER BY name").Bind(1, scope);
        while (rows.Step())
            places.Add(Place(rows));
        return places;
    }

    private static long Count(Database database, string scope)
    {
        using Statement row = database.Prepare("SELECT count(*) FROM feed_consumer WHERE scope = ?1").Bind(1, scope);
        return row.Step() ? row.Number(0) : 0;
    }

    private static ConsumerPlace Place(Statement row) => new(row.Text(0), new LedgerCursor(row.Bytes(1).ToArray()), row.Number(2));
}
