using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>The ledger's face: writes go to the lanes, readings to connections of their own.</summary>
internal sealed class PostgresLedger(
    Lanes lanes, LedgerReader reader, RecordReader records, Verification verification, SharedChanges changes, Availability availability,
    long foundHighWater) : ILedger
{
    private readonly TaskCompletionSource<string> _failure = new(); // never: whatever happens, the database decides, and others ask it too
    private long _foundHighWater = foundHighWater;

    /// <inheritdoc/>
    public long HighWaterUnixNanoseconds => Math.Max(Volatile.Read(ref _foundHighWater), lanes.HighWaterUnixNanoseconds);

    /// <inheritdoc/>
    public Task<string> Failure => _failure.Task;

    /// <inheritdoc/>
    public string? Outage => availability.Outage;

    /// <inheritdoc/>
    public ValueTask<LedgerAnswer> WriteAsync(UsageWrite write) => lanes.WriteAsync(write);

    /// <summary>
    /// Sets the mark of every node; those that are up meanwhile keep, and store again, what they have read. Stop the others first.
    /// </summary>
    public async Task SetHighWaterAsync(long unixNanoseconds)
    {
        LedgerCursor? before = unixNanoseconds < HighWaterUnixNanoseconds ? await records.EndAsync(CancellationToken.None) : null;
        await changes.ChangeAsync(
            async connection =>
            {
                if (before is { } place)
                    await ClockChanges.AddAsync(connection, place);
                await using var set = new NpgsqlCommand("UPDATE ledger_clock SET high_water_unix_nanoseconds = $1", connection);
                set.Parameters.Add(new NpgsqlParameter<long> { TypedValue = unixNanoseconds });
                return await set.ExecuteNonQueryAsync();
            },
            CancellationToken.None);
        lanes.ForgetHighWater();
        Volatile.Write(ref _foundHighWater, unixNanoseconds);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<HourTotal> ReadTotalsAsync(HourRange range, CancellationToken cancellationToken) =>
        reader.ReadTotalsAsync(range, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<HourRejections> ReadRejectionsAsync(HourRange range, CancellationToken cancellationToken) =>
        reader.ReadRejectionsAsync(range, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<CountedRecord> ReadRecordsAsync(CancellationToken cancellationToken) => reader.ReadRecordsAsync(cancellationToken);

    /// <inheritdoc/>
    public Task<LedgerVerification> VerifyAsync(IProgress<VerificationProgress>? progress, CancellationToken cancellationToken) =>
        verification.RunAsync(progress, cancellationToken);
}
