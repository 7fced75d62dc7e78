using System.Security.Cryptography;
using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>The ledger's number: places in the feed are those of one ledger. Whoever needs it first makes it up.</summary>
internal static class LedgerName
{
    /// <summary>The number, which is the same for ever from then on.</summary>
    public static async Task<Guid> AgreeAsync(NpgsqlConnection connection)
    {
        await using (var name = new NpgsqlCommand("UPDATE writer_number SET ledger = $1 WHERE id = 1 AND ledger IS NULL", connection))
        {
            name.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = new Guid(RandomNumberGenerator.GetBytes(16)) });
            await name.ExecuteNonQueryAsync(CancellationToken.None);
        }

        await using var ask = new NpgsqlCommand("SELECT ledger FROM writer_number WHERE id = 1", connection);
        return (Guid)(await ask.ExecuteScalarAsync(CancellationToken.None))!;
    }
}
