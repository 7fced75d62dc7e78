using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>Gives moved records their place in the order of commits: that of the source, as groups of one writer.</summary>
internal static class MovedGroups
{
    private const int GroupRecords = 1000;

    private const string Last = """
        SELECT number, accepted_unix_nanoseconds FROM usage_group WHERE writer = $1 ORDER BY number DESC LIMIT 1
        """;

    /// <summary>Adds the groups within the transaction that adds the records and the move's mark, which nobody else can.</summary>
    public static async Task AddAsync(NpgsqlConnection connection, IReadOnlyList<CountedRecord> records, CancellationToken cancellationToken)
    {
        (long number, long accepted) = await ReadLastAsync(connection, cancellationToken);
        await using NpgsqlBatch batch = connection.CreateBatch();
        foreach (CountedRecord[] some in records.Chunk(GroupRecords))
        {
            accepted = Math.Max(accepted, some.Max(record => record.AcceptedUnixNanoseconds));
            var place = new GroupPlace(Writer.Moved, ++number, accepted);
            batch.BatchCommands.Add(WriteStatements.AddGroup(place, Array.ConvertAll(some, record => RecordUuid.ToGuid(record.Uuid))));
        }

        if (batch.BatchCommands.Count > 0)
            await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<(long Number, long AcceptedUnixNanoseconds)> ReadLastAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var ask = new NpgsqlCommand(Last, connection);
        ask.Parameters.Add(new NpgsqlParameter<long> { TypedValue = Writer.Moved });
        await using NpgsqlDataReader row = await ask.ExecuteReaderAsync(cancellationToken);
        return await row.ReadAsync(cancellationToken) ? (row.GetInt64(0), row.GetInt64(1)) : default;
    }
}
