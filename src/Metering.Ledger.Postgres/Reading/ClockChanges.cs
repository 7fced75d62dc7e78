using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>Where in the order of commits the operator set the clock back: a place before everything that was committed since.</summary>
internal static class ClockChanges
{
    /// <summary>Notes a place, within the transaction that sets the clock.</summary>
    public static async Task AddAsync(NpgsqlConnection connection, LedgerCursor place)
    {
        await using var add = new NpgsqlCommand("INSERT INTO clock_set_back(place) VALUES($1) ON CONFLICT (place) DO NOTHING", connection);
        add.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = place.Bytes.ToArray() });
        await add.ExecuteNonQueryAsync();
    }

    /// <summary>The places, in any order.</summary>
    public static async Task<IReadOnlyList<LedgerCursor>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var ask = new NpgsqlCommand("SELECT place FROM clock_set_back", connection);
        await using NpgsqlDataReader row = await ask.ExecuteReaderAsync(cancellationToken);
        var places = new List<LedgerCursor>();
        while (await row.ReadAsync(cancellationToken))
            places.Add(new LedgerCursor(row.GetFieldValue<byte[]>(0)));
        return places;
    }
}
