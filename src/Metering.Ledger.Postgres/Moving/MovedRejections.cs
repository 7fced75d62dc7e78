using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>Rejected records that come with a ledger, with their counts and what was decided about them.</summary>
internal static class MovedRejections
{
    private const int ChunkRecords = 2_000;

    /// <summary>Keeps the records within the caller's transaction, and counts them.</summary>
    public static async Task AddAsync(
        NpgsqlConnection connection, IAsyncEnumerable<RejectedRecord> rejected, long dropped, CancellationToken cancellationToken)
    {
        long records = 0, bytes = 0;
        await foreach (RejectedRecord[] some in rejected.Chunk(ChunkRecords).WithCancellation(cancellationToken))
        {
            var columns = new RejectedColumns(some);
            (records, bytes) = (records + columns.Records, bytes + columns.Bytes);
            await RunAsync(connection, RejectedStatements.Keep(columns), cancellationToken);
        }

        await RunAsync(connection, RejectedStatements.Count(RejectedStatements.Everybody, records, bytes, dropped), cancellationToken);
    }

    /// <summary>Keeps the replays within the caller's transaction.</summary>
    public static async Task AddAsync(NpgsqlConnection connection, IReadOnlyList<RejectedReplay> replays, CancellationToken cancellationToken)
    {
        foreach (RejectedReplay replay in replays)
            await RunAsync(connection, RejectedStatements.Note(replay), cancellationToken);
    }

    private static async Task RunAsync(NpgsqlConnection connection, NpgsqlBatchCommand command, CancellationToken cancellationToken)
    {
        await using NpgsqlBatch batch = connection.CreateBatch();
        batch.BatchCommands.Add(command);
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }
}
