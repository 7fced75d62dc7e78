namespace Metering.Ledger.Sqlite;

/// <summary>Verifies a ledger that is being served.</summary>
internal delegate LedgerVerification OpenVerification(IProgress<VerificationProgress>? progress, CancellationToken cancellationToken);

/// <summary>The ledger's face: writes go to the writer, readings to connections of their own.</summary>
internal sealed class SqliteLedger(
    Writer writer, Group group, LedgerReader reader, StoreFile file, OpenVerification verify, SemaphoreSlim records) : ILedger
{
    /// <inheritdoc/>
    public long HighWaterUnixNanoseconds => group.HighWaterUnixNanoseconds;

    /// <inheritdoc/>
    public Task<string> Failure => writer.Failure;

    /// <inheritdoc/>
    public string? Outage => null; // a full disk is no reason to send clients elsewhere: there is no elsewhere

    /// <inheritdoc/>
    public ValueTask<LedgerAnswer> WriteAsync(UsageWrite write) => writer.WriteAsync(write);

    /// <inheritdoc/>
    public Task SetHighWaterAsync(long unixNanoseconds) => writer.ChangeAsync(
        _ =>
        {
            group.SetHighWater(unixNanoseconds);
            return true;
        },
        CancellationToken.None);

    /// <inheritdoc/>
    public IAsyncEnumerable<HourTotal> ReadTotalsAsync(HourRange range, CancellationToken cancellationToken) =>
        reader.ReadTotalsAsync(range, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<HourRejections> ReadRejectionsAsync(HourRange range, CancellationToken cancellationToken) =>
        reader.ReadRejectionsAsync(range, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<CountedRecord> ReadRecordsAsync(CancellationToken cancellationToken) =>
        reader.ReadRecordsAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task<LedgerVerification> VerifyAsync(IProgress<VerificationProgress>? progress, CancellationToken cancellationToken)
    {
        await records.WaitAsync(cancellationToken); // while an archive is made, records leave
        try
        {
            return await Task.Run(() => file.Read(() => verify(progress, cancellationToken)), cancellationToken);
        }
        finally
        {
            records.Release();
        }
    }
}
