using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>
/// Keeps servers from a database that a ledger is being moved into. A server takes its number of <c>node_number</c> first and
/// looks here afterwards; a move locks that row, looks whether any server ever took a number, and leaves its mark in the same
/// transaction. So whichever comes second sees the other.
/// </summary>
internal static class UnfinishedMove
{
    /// <summary>Looks whether there is one.</summary>
    /// <exception cref="StoreException">There is: the ledger is not served.</exception>
    public static async Task RefuseAsync(ConnectionSource source, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await source.OpenAsync(cancellationToken);
        await using var ask = new NpgsqlCommand("SELECT ledger, records FROM ledger_move WHERE NOT complete", connection);
        await using NpgsqlDataReader row = await ask.ExecuteReaderAsync(cancellationToken);
        if (await row.ReadAsync(cancellationToken))
        {
            throw new StoreException(
                $"The ledger at {source.Text.Place} cannot be served yet: ledger {row.GetGuid(0)} is being moved into it ({row.GetInt64(1)} records "
                + "so far). Start `metering migrate` again: it goes on and finishes. To give it up, drop the schema.");
        }
    }
}
