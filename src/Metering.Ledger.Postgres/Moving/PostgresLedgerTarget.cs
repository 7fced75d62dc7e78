using System.Runtime.CompilerServices;
using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>A PostgreSQL database that a ledger is moved into. It serves nothing, and keeps servers out until the move is complete.</summary>
public sealed class PostgresLedgerTarget : ILedgerTarget
{
    // Reading all totals, or a commit on a busy disk: nobody waits for an answer here.
    private static readonly TimeSpan ReadTime = TimeSpan.FromHours(1);

    private const int RejectedPageRecords = 5_000;

    private const string IsUsed = """
        SELECT (SELECT given > 0 FROM node_number WHERE id = 1) OR EXISTS (SELECT 1 FROM usage_record) OR EXISTS (SELECT 1 FROM usage_total)
          OR EXISTS (SELECT 1 FROM usage_rejection) OR EXISTS (SELECT 1 FROM catalog_object) OR EXISTS (SELECT 1 FROM signing_key)
          OR EXISTS (SELECT 1 FROM admin_token)
        """;

    private readonly ConnectionSource _source;
    private readonly PostgresStoreOptions _options;
    private readonly SharedChanges _changes;
    private readonly LedgerReader _reader;

    private PostgresLedgerTarget(ConnectionSource source, PostgresStoreOptions options)
    {
        _source = source;
        _options = options;
        _changes = new SharedChanges(source, options);
        _reader = new LedgerReader(source, options);
    }

    /// <inheritdoc/>
    public string Place => _source.Text.Place;

    /// <summary>Connects and makes the tables, if they are not there.</summary>
    /// <exception cref="StoreException">As <see cref="PostgresStore.OpenAsync(PostgresStoreOptions, CancellationToken)"/>.</exception>
    public static async Task<PostgresLedgerTarget> OpenAsync(PostgresStoreOptions options, CancellationToken cancellationToken)
    {
        options = options with { ReadTime = ReadTime };
        options.Check();
        ConnectionSource source = ConnectionSource.Create(options);
        try
        {
            await SchemaUpgrade.RunAsync(source, Migrations.All, options, cancellationToken);
            return new PostgresLedgerTarget(source, options);
        }
        catch (Exception fault)
        {
            await source.DisposeAsync();
            if (fault is NpgsqlException)
                throw new StoreException($"The database at {source.Text.Place} cannot be opened: {Faults.Describe(fault).TrimEnd('.')}.", fault);
            throw;
        }
    }

    /// <inheritdoc/>
    public Task<MoveMark> BeginAsync(Guid ledger, CancellationToken cancellationToken) => _changes.ChangeAsync(
        async connection =>
        {
            // The row that every server begins with: see UnfinishedMove.
            await AskAsync<long>(connection, "SELECT given FROM node_number WHERE id = 1 FOR UPDATE");
            if (await ReadMarkAsync(connection, ledger) is { } mark)
                return mark;
            if (await AskAsync<bool>(connection, IsUsed))
            {
                throw new StoreException(
                    $"The database at {Place} is not empty: a ledger was served from its schema {_source.Text.Schema}. Name an empty database, or another "
                    + "schema with Search Path.");
            }

            await using var add = new NpgsqlCommand("INSERT INTO ledger_move VALUES(1, $1, 0, 0, false)", connection);
            add.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = ledger });
            await add.ExecuteNonQueryAsync(CancellationToken.None);
            return default(MoveMark);
        },
        cancellationToken);

    /// <inheritdoc/>
    public async Task AddAsync(MoveMark found, MoveMark reached, IReadOnlyList<CountedRecord> records, CancellationToken cancellationToken)
    {
        for (int retries = 0; ; retries++)
        {
            try
            {
                await AddOnceAsync(found, reached, records, cancellationToken);
                return;
            }
            catch (PostgresException fault) when (Faults.KindOf(fault) == FaultKind.Again && retries < _options.Retries)
            {
                await Task.Delay(_options.RetryTime, _options.Waits, cancellationToken);
            }
            catch (PostgresException fault) when (fault.SqlState == PostgresErrorCodes.UniqueViolation)
            {
                throw new StoreException(
                    $"A record of batches {found.LastBatch + 1} to {reached.LastBatch} is in {Place} already: the source counts it twice, or somebody "
                    + "wrote there.",
                    fault);
            }
            catch (Exception fault) when (fault is NpgsqlException or NotReplicatedException or IOException or TimeoutException)
            {
                throw BrokenOff(fault);
            }
        }
    }

    /// <inheritdoc/>
    public async Task FurnishAsync(
        MoveMark found, LedgerBelongings belongings, IAsyncEnumerable<HourTotal> totals, IAsyncEnumerable<HourRejections> rejections,
        IAsyncEnumerable<RejectedRecord> rejected, CancellationToken cancellationToken)
    {
        try
        {
            await using NpgsqlConnection connection = await _source.OpenAsync(cancellationToken);
            await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
            await StepAsync(connection, found, found, cancellationToken);
            await BelongingRows.ClearAsync(connection, cancellationToken);
            await BelongingRows.WriteAsync(connection, belongings, cancellationToken);
            await RecordRows.SendAsync(connection, totals, cancellationToken);
            await RecordRows.SendAsync(connection, rejections, cancellationToken);
            await MovedRejections.AddAsync(connection, rejected, belongings.DroppedRejections, cancellationToken);
            await ConfirmedCommit.RunAsync(connection, () => transaction.CommitAsync(CancellationToken.None));
        }
        catch (Exception fault) when (fault is NpgsqlException or NotReplicatedException or IOException or TimeoutException)
        {
            throw BrokenOff(fault);
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<CountedRecord>> FindAsync(UInt128[] uuids, CancellationToken cancellationToken)
    {
        var found = new List<CountedRecord>(uuids.Length);
        await foreach (CountedRecord record in _reader.FindRecordsAsync(Array.ConvertAll(uuids, RecordUuid.ToGuid), cancellationToken))
            found.Add(record);
        return found;
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<HourTotal> ReadTotalsAsync(CancellationToken cancellationToken) =>
        _reader.ReadTotalsAsync(HourRange.All, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<HourRejections> ReadRejectionsAsync(CancellationToken cancellationToken) =>
        _reader.ReadRejectionsAsync(HourRange.All, cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<RejectedRecord> ReadRejectedAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reader = new RejectedReader(_source, _options);
        for (ReadOnlyMemory<byte>? place = ReadOnlyMemory<byte>.Empty; place is { } after;)
        {
            RejectedPage page = await reader.SearchAsync(RejectedQuestion.All, after, RejectedPageRecords, cancellationToken);
            foreach (RejectedRecord record in page.Records)
                yield return record;
            place = page.Next;
        }
    }

    /// <inheritdoc/>
    public async Task<LedgerBelongings> ReadBelongingsAsync(CancellationToken cancellationToken)
    {
        var credentials = new PostgresCredentialStore(_source, _changes);
        try
        {
            await using NpgsqlConnection connection = await _source.OpenAsync(cancellationToken);
            return new LedgerBelongings(
                await new PostgresCatalogStore(_source, _changes).ReadAsync(cancellationToken),
                await credentials.ReadSigningKeysAsync(cancellationToken),
                await credentials.ReadRevokedTokensAsync(DateTimeOffset.MinValue, cancellationToken),
                await AskAsync<long>(connection, "SELECT coalesce(max(high_water_unix_nanoseconds), 0) FROM ledger_clock"),
                await AskAsync<string>(connection, "SELECT coalesce(max(token), '') FROM admin_token") is { Length: > 0 } token ? token : null)
            {
                Corrections = [.. (await new PostgresCorrections(_source, _changes, _options).ReadAsync(CorrectionRange.All, cancellationToken)
                    .ToListAsync(cancellationToken)).OrderBy(correction => correction.RecordUuid).ThenBy(correction => correction.Step)],
                Replays = await new RejectedReader(_source, _options).ReadReplaysAsync(cancellationToken),
                DroppedRejections = await AskAsync<long>(connection, "SELECT coalesce(sum(dropped_records), 0)::bigint FROM rejected_count"),
                Consumers = await (await MovedConsumers.LookAsync(connection, cancellationToken)).ReadAsync(connection, cancellationToken),
            };
        }
        catch (NpgsqlException fault)
        {
            throw BrokenOff(fault);
        }
    }

    /// <inheritdoc/>
    public Task<LedgerVerification> VerifyAsync(CancellationToken cancellationToken) => new Verification(_source).RunAsync(null, cancellationToken);

    /// <inheritdoc/>
    public Task CompleteAsync(MoveMark found, CancellationToken cancellationToken) => _changes.ChangeAsync(
        async connection =>
        {
            await StepAsync(connection, found, found with { IsComplete = true }, CancellationToken.None);
            return true;
        },
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private async Task AddOnceAsync(MoveMark found, MoveMark reached, IReadOnlyList<CountedRecord> records, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await _source.OpenAsync(cancellationToken);
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken);
        await StepAsync(connection, found, reached, cancellationToken);
        await RecordRows.SendAsync(connection, records, cancellationToken);
        await MovedGroups.AddAsync(connection, records, cancellationToken);
        await ConfirmedCommit.RunAsync(connection, () => transaction.CommitAsync(CancellationToken.None));
    }

    // First of all: whoever comes second waits here, and finds the mark elsewhere.
    private async Task StepAsync(NpgsqlConnection connection, MoveMark found, MoveMark reached, CancellationToken cancellationToken)
    {
        await using var step = new NpgsqlCommand(
            "UPDATE ledger_move SET last_batch = $2, records = $3, complete = $4 WHERE last_batch = $1 AND NOT complete", connection);
        foreach (long number in (ReadOnlySpan<long>)[found.LastBatch, reached.LastBatch, reached.Records])
            step.Parameters.Add(new NpgsqlParameter<long> { TypedValue = number });
        step.Parameters.Add(new NpgsqlParameter<bool> { TypedValue = reached.IsComplete });
        if (await step.ExecuteNonQueryAsync(cancellationToken) == 0)
            throw new StoreException($"Somebody else moves a copy of this ledger into {Place} at the same time. Let one of them finish.");
    }

    private async Task<MoveMark?> ReadMarkAsync(NpgsqlConnection connection, Guid ledger)
    {
        await using var ask = new NpgsqlCommand("SELECT ledger, last_batch, records, complete FROM ledger_move", connection);
        await using NpgsqlDataReader row = await ask.ExecuteReaderAsync(CancellationToken.None);
        if (!await row.ReadAsync(CancellationToken.None))
            return null;
        if (row.GetGuid(0) != ledger)
        {
            throw new StoreException(
                $"The database at {Place} is the target of another ledger: {row.GetGuid(0)}, not {ledger}. Name an empty database, or another schema with "
                + "Search Path.");
        }

        return new MoveMark(row.GetInt64(1), row.GetInt64(2), row.GetBoolean(3));
    }

    private static async Task<T> AskAsync<T>(NpgsqlConnection connection, string sql)
    {
        await using var ask = new NpgsqlCommand(sql, connection);
        return (T)(await ask.ExecuteScalarAsync(CancellationToken.None))!;
    }

    private StoreException BrokenOff(Exception fault) =>
        new($"PostgreSQL at {Place} broke the move off: {Faults.Describe(fault).TrimEnd('.')}.", fault);
}
