using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>
/// Makes sure that what was read outlives the primary, where there are standbys: a commit whose wait for them was ended leaves
/// rows that everybody sees and that a promoted standby lacks. A commit of our own that is confirmed proves every row seen
/// before it (docs/adr/0008). It may be ended like any statement: then nothing is proved, and nothing else is wrong.
/// </summary>
/// <param name="node">Number of the row that is written; of the node's own.</param>
/// <param name="options">The store's options.</param>
internal sealed class ReadProof(short node, PostgresStoreOptions options)
{
    private const string Write = """
        INSERT INTO ledger_clock(node, high_water_unix_nanoseconds) VALUES($1, 0)
        ON CONFLICT (node) DO UPDATE SET high_water_unix_nanoseconds = ledger_clock.high_water_unix_nanoseconds
        """;

    private const string AreStandbysNamed = "SELECT coalesce(current_setting('synchronous_standby_names', true), '') <> ''";

    /// <summary>Proves what was read before, if there are standbys; without them a row is durable before it is seen.</summary>
    /// <exception cref="StoreException">It is not proved.</exception>
    public async Task RunIfNeededAsync(NpgsqlConnection connection)
    {
        await using var ask = new NpgsqlCommand(AreStandbysNamed, connection);
        if ((bool)(await ask.ExecuteScalarAsync())!)
            await RunAsync(connection);
    }

    /// <summary>Proves what was read before.</summary>
    /// <exception cref="StoreException">It is not proved.</exception>
    public async Task RunAsync(NpgsqlConnection connection)
    {
        await using var write = new NpgsqlCommand(Write, connection) { CommandTimeout = (int)Math.Ceiling(options.AnswerTime.TotalSeconds) };
        write.Parameters.Add(new NpgsqlParameter<short> { TypedValue = node });
        try
        {
            await ConfirmedCommit.RunAsync(connection, () => write.ExecuteNonQueryAsync());
        }
        catch (NotReplicatedException fault)
        {
            throw new StoreException($"No standby confirms what is to be read: {fault.Message}. Try again.", fault) { IsOutage = true };
        }
    }
}
