using System.Runtime.CompilerServices;
using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>
/// Corrections in the database. Two orders for one record at once meet at its next step, which the primary key has once: the
/// later one begins again.
/// </summary>
internal sealed class PostgresCorrections(ConnectionSource source, SharedChanges changes, PostgresStoreOptions options) : ICorrections
{
    private const int Attempts = 10;

    private const string Columns =
        "id, record, step, owner, sku, timestamp_unix_nanoseconds, quantity, reason, author, created_unix_nanoseconds FROM correction";

    private const string Find = $"SELECT {Columns} WHERE record = ANY($1) ORDER BY record, step";

    private const string Read = $"""
        SELECT {Columns} WHERE (timestamp_unix_nanoseconds, record, step) > ($1, $2, $3)
        AND timestamp_unix_nanoseconds >= $4 AND timestamp_unix_nanoseconds < $5 ORDER BY timestamp_unix_nanoseconds, record, step
        """;

    private const string Insert = """
        INSERT INTO correction(record, step, id, owner, sku, timestamp_unix_nanoseconds, quantity, reason, author, created_unix_nanoseconds)
        VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (record, step) DO NOTHING
        """;

    /// <inheritdoc/>
    public async Task<CorrectionAnswer> AddAsync(CorrectionOrder order, CancellationToken cancellationToken)
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            if (await changes.ChangeAsync(connection => TryAddAsync(connection, order), cancellationToken) is { } answer)
                return answer;
        }

        throw new StoreException("The record is being corrected by others at the moment; nothing was changed. Try again.") { IsOutage = true };
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<Correction>> FindAsync(IReadOnlyCollection<UInt128> records, CancellationToken cancellationToken) =>
        await ReadAsync(Find, [Uuids([.. records])], cancellationToken).ToListAsync(cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<Correction> ReadAsync(CorrectionRange range, CancellationToken cancellationToken)
    {
        CorrectionPlace after = range.After ?? new CorrectionPlace(range.FromUnixNanoseconds, UInt128.Zero, 0);
        return ReadAsync(
            Read,
            [
                One(after.TimestampUnixNanoseconds), One(RecordUuid.ToGuid(after.RecordUuid)), One(after.Step), One(range.FromUnixNanoseconds),
                One(range.ToUnixNanoseconds),
            ],
            cancellationToken);
    }

    /// <summary>Adds a correction as it is, within the caller's transaction; false when the record has one of this step.</summary>
    internal static async Task<bool> TryInsertAsync(NpgsqlConnection connection, Correction added)
    {
        await using var insert = new NpgsqlCommand(Insert, connection);
        NpgsqlParameter[] values =
        [
            One(RecordUuid.ToGuid(added.RecordUuid)), One(added.Step), One(added.Id), One(added.OwnerKey), One(added.SkuKey),
            One(added.TimestampUnixNanoseconds), One(added.Quantity), One(added.Reason), One(added.Author), One(added.CreatedUnixNanoseconds),
        ];
        insert.Parameters.AddRange(values);
        return await insert.ExecuteNonQueryAsync() == 1;
    }

    // Null when somebody else took the step.
    private static async Task<CorrectionAnswer?> TryAddAsync(NpgsqlConnection connection, CorrectionOrder order)
    {
        var before = new List<Correction>();
        await using (var find = new NpgsqlCommand(Find, connection))
        {
            find.Parameters.Add(Uuids([order.Record.Uuid]));
            await using NpgsqlDataReader row = await find.ExecuteReaderAsync();
            while (await row.ReadAsync())
                before.Add(RowOf(row));
        }

        CorrectionAnswer answer = Correction.Next(order, before);
        if (answer is not { Outcome: CorrectionOutcome.Added, Correction: { } added })
            return answer;
        return await TryInsertAsync(connection, added) ? answer : null;
    }

    private async IAsyncEnumerable<Correction> ReadAsync(
        string sql, NpgsqlParameter[] parameters, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await source.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = (int)Math.Ceiling(options.ReadTime.TotalSeconds) };
        command.Parameters.AddRange(parameters);
        await using NpgsqlDataReader row = await Said(command.ExecuteReaderAsync(cancellationToken));
        while (await Said(row.ReadAsync(cancellationToken)))
            yield return RowOf(row);
    }

    private async Task<T> Said<T>(Task<T> step)
    {
        try
        {
            return await step;
        }
        catch (NpgsqlException fault)
        {
            throw LedgerReader.BrokenOff(source, fault);
        }
    }

    private static Correction RowOf(NpgsqlDataReader row) => new(
        row.GetGuid(0), RecordUuid.FromGuid(row.GetGuid(1)), row.GetInt32(2), row.GetInt32(3), row.GetInt32(4), row.GetInt64(5), row.GetInt64(6),
        row.GetString(7), row.GetString(8), row.GetInt64(9));

    private static NpgsqlParameter<Guid[]> Uuids(UInt128[] records) => new() { TypedValue = [.. records.Select(RecordUuid.ToGuid)] };

    private static NpgsqlParameter<T> One<T>(T value) => new() { TypedValue = value };
}
