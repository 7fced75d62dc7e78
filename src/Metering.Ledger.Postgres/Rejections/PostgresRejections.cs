using Npgsql;
using NpgsqlTypes;

namespace Metering.Ledger.Postgres;

/// <summary>The rejected records of all nodes. Any of them drops what is kept too long or too much.</summary>
internal sealed class PostgresRejections(ConnectionSource source, PostgresStoreOptions options, SharedChanges changes) : IRejectedRecords
{
    private const string Oldest = """
        SELECT owner, id, received_unix_nanoseconds, bytes FROM rejected_record ORDER BY received_unix_nanoseconds, id LIMIT $1
        """;

    private const string Drop = "DELETE FROM rejected_record WHERE owner = ANY($1) AND id = ANY($2) RETURNING bytes";

    private readonly RejectedReader _reader = new(source, options);

    /// <inheritdoc/>
    public Task<RejectedPage> SearchAsync(
        RejectedQuestion question, ReadOnlyMemory<byte> after, int recordsMaximum, CancellationToken cancellationToken) =>
        _reader.SearchAsync(question, after, recordsMaximum, cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<string, IReadOnlyList<RejectedRecord>>> FindAsync(
        IReadOnlyCollection<string> uuids, CancellationToken cancellationToken) => _reader.FindAsync(uuids, cancellationToken);

    /// <inheritdoc/>
    public Task<RejectedFigures> ReadFiguresAsync(CancellationToken cancellationToken) => _reader.ReadFiguresAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<RejectedReplay>> ReadReplaysAsync(CancellationToken cancellationToken) => _reader.ReadReplaysAsync(cancellationToken);

    /// <inheritdoc/>
    public Task KeepAsync(IReadOnlyList<RejectedRecord> conflicts)
    {
        if (conflicts.Count == 0)
            return Task.CompletedTask;
        var columns = new RejectedColumns(conflicts);
        return changes.ChangeAsync(
            async connection =>
            {
                await using NpgsqlBatch batch = connection.CreateBatch();
                batch.BatchCommands.Add(RejectedStatements.Keep(columns));
                batch.BatchCommands.Add(RejectedStatements.Count(RejectedStatements.Everybody, columns.Records, columns.Bytes, 0));
                return await batch.ExecuteNonQueryAsync();
            },
            CancellationToken.None);
    }

    /// <inheritdoc/>
    public async Task<bool> DropAsync(long nowUnixNanoseconds, CancellationToken cancellationToken)
    {
        long before = nowUnixNanoseconds - (options.Rejections.Age.Ticks * 100);
        RejectedFigures figures = await _reader.ReadFiguresAsync(cancellationToken);
        if ((figures.OldestUnixNanoseconds ?? long.MaxValue) >= before && figures.Bytes <= options.Rejections.BytesMaximum)
            return false;
        return await changes.ChangeAsync(connection => DropOldestAsync(connection, before, figures.Bytes), cancellationToken);
    }

    /// <inheritdoc/>
    public Task NoteReplayAsync(RejectedReplay replay) => changes.ChangeAsync(
        async connection =>
        {
            await using NpgsqlBatch batch = connection.CreateBatch();
            batch.BatchCommands.Add(RejectedStatements.Note(replay));
            return await batch.ExecuteNonQueryAsync();
        },
        CancellationToken.None);

    // Whoever comes second waits at the count, and then finds the same rows gone: what is deleted is counted once.
    private async Task<bool> DropOldestAsync(NpgsqlConnection connection, long before, long bytes)
    {
        await CountAsync(connection, 0, 0, 0);
        var (owners, ids) = (new HashSet<int>(), new List<Guid>());
        await using (var oldest = new NpgsqlCommand(Oldest, connection))
        {
            oldest.Parameters.Add(new NpgsqlParameter<int> { TypedValue = Limits.RejectedDropRecords });
            await using NpgsqlDataReader row = await oldest.ExecuteReaderAsync();
            while (await row.ReadAsync() && (row.GetInt64(2) < before || bytes > options.Rejections.BytesMaximum))
            {
                owners.Add(row.GetInt32(0));
                ids.Add(row.GetGuid(1));
                bytes -= row.GetInt32(3);
            }
        }

        long records = 0, dropped = 0;
        await using (var drop = new NpgsqlCommand(Drop, connection))
        {
            drop.Parameters.Add(new NpgsqlParameter { Value = owners.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Integer });
            drop.Parameters.Add(new NpgsqlParameter { Value = ids.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid });
            await using NpgsqlDataReader row = await drop.ExecuteReaderAsync();
            for (; await row.ReadAsync(); records++)
                dropped += row.GetInt32(0);
        }

        await CountAsync(connection, -records, -dropped, records);
        return records > 0;
    }

    private static async Task CountAsync(NpgsqlConnection connection, long records, long bytes, long dropped)
    {
        await using NpgsqlBatch batch = connection.CreateBatch();
        batch.BatchCommands.Add(RejectedStatements.Count(RejectedStatements.Everybody, records, bytes, dropped));
        await batch.ExecuteNonQueryAsync();
    }
}
