using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>
/// One node's face of a ledger that many nodes share: records, catalog and credentials in one PostgreSQL database, or in one
/// that speaks its protocol. A node keeps nothing that another could not go on from.
/// </summary>
public sealed class PostgresStore : IMeteringStore
{
    private const int ReadersNode = RecordRows.Node - 1; // from here on downwards, numbers of the nodes' readers
    private const int NodeNumbers = 256; // shares of a total: more than lanes at any time, few enough to be summed up

    private readonly ConnectionSource _source;
    private readonly Lanes _lanes;
    private readonly ChangeWatch _watch;
    private readonly PostgresLedger _ledger;
    private readonly QuietWriters _quietWriters;
    private readonly CancellationTokenSource _stop = new();
    private Task _ending = Task.CompletedTask;
    private EventHandler<StoreNoticeEventArgs>? _noticed;
    private Task? _closing;

    private PostgresStore(ConnectionSource source, PostgresStoreOptions options, OpenedLedger opened)
    {
        _source = source;
        _watch = opened.Watch;
        opened.Relay.Store = this;
        var changes = new SharedChanges(source, options);
        _lanes = new Lanes(source, options, opened.Relay.Availability, opened.FirstNode);
        var proof = new ReadProof((short)(ReadersNode - opened.FirstNode), options);
        var ends = new WriterEnds(source, options, proof);
        var records = new RecordReader(source, options, ends, proof, new SemaphoreSlim(options.OtherConnections / 2));
        _quietWriters = new QuietWriters(source, ends, options);
        _ledger = new PostgresLedger(
            _lanes, new LedgerReader(source, options), records, new Verification(source), changes, opened.Relay.Availability, opened.HighWater);
        Records = records;
        Consumers = new PostgresFeedConsumers(source, changes);
        Rejections = new PostgresRejections(source, options, changes);
        Totals = new TotalReader(source, options);
        Corrections = new PostgresCorrections(source, changes, options);
        Catalog = new PostgresCatalogStore(source, changes);
        Credentials = new PostgresCredentialStore(source, changes);
        FoundSchemaVersion = opened.FoundSchemaVersion;
    }

    /// <summary>Raised on the store's own threads: be quick, and never throw. That commits are unsafe, if they are, comes at once.</summary>
    public event EventHandler<StoreNoticeEventArgs>? Noticed
    {
        add
        {
            _noticed += value;
            if (_source.Danger is { } danger)
                value?.Invoke(this, new StoreNoticeEventArgs(danger));
        }
        remove => _noticed -= value;
    }

    /// <inheritdoc/>
    public event EventHandler<StoreChangedEventArgs>? Changed;

    /// <inheritdoc/>
    public ILedger Ledger => _ledger;

    /// <inheritdoc/>
    public ITotalReader Totals { get; }

    /// <inheritdoc/>
    public IRecordReader Records { get; }

    /// <inheritdoc/>
    public IFeedConsumers Consumers { get; }

    /// <inheritdoc/>
    public IRejectedRecords Rejections { get; }

    /// <inheritdoc/>
    public ICorrections Corrections { get; }

    /// <inheritdoc/>
    public ICatalogStore Catalog { get; }

    /// <inheritdoc/>
    public ICredentialStore Credentials { get; }

    /// <summary>Version of the tables before this node opened them; 0 when it made them.</summary>
    public int FoundSchemaVersion { get; }

    /// <summary>Hosts, port and database, in words.</summary>
    public string Place => _source.Text.Place;

    /// <summary>Connects, makes or upgrades the tables, and takes up what is there.</summary>
    /// <exception cref="StoreException">
    /// The connection string is wrong, the database is away, too old, unsafe, or its tables are of a newer program; the message
    /// says so in words and never holds a password.
    /// </exception>
    public static Task<PostgresStore> OpenAsync(PostgresStoreOptions options, CancellationToken cancellationToken) =>
        OpenAsync(options, Migrations.All, cancellationToken);

    /// <summary>As <see cref="OpenAsync(PostgresStoreOptions, CancellationToken)"/>, with other steps of the schema.</summary>
    internal static async Task<PostgresStore> OpenAsync(
        PostgresStoreOptions options, IReadOnlyList<Migration> migrations, CancellationToken cancellationToken)
    {
        Limits.Check();
        options.Check();
        ConnectionSource source = ConnectionSource.Create(options);
        try
        {
            int found = await SchemaUpgrade.RunAsync(source, migrations, options, cancellationToken);
            options = options with { AreDuplicatesRewritten = options.AreDuplicatesRewritten || await HasSeveralLogsAsync(source, cancellationToken) };
            var relay = new Relay();
            var store = new PostgresStore(source, options, new OpenedLedger(
                found,
                (short)((await NextNumberAsync(source, options.Lanes, cancellationToken) - options.Lanes) % NodeNumbers),
                await HighWaterAsync(source, cancellationToken),
                await ChangeWatch.CreateAsync(source, options, relay.Availability, relay.Change, cancellationToken),
                relay));
            await UnfinishedMove.RefuseAsync(source, cancellationToken); // after this node took its number: see UnfinishedMove
            await NameAsync(source, cancellationToken);
            store._ending = Task.Run(() => store._quietWriters.EndAsync(store._stop.Token), CancellationToken.None);
            store._lanes.Start();
            store._watch.Start();
            return store;
        }
        catch (Exception fault)
        {
            await source.DisposeAsync();
            if (fault is NpgsqlException)
                throw new StoreException($"The ledger at {source.Text.Place} cannot be opened: {Faults.Describe(fault).TrimEnd('.')}.", fault);
            throw;
        }
    }

    /// <summary>Stops taking, finishes what waits and closes the connections.</summary>
    public ValueTask DisposeAsync() => new(_closing ??= CloseAsync());

    private async Task CloseAsync()
    {
        await _stop.CancelAsync();
        await _lanes.StopAsync();
        await _ending;
        _stop.Dispose();
        await _watch.DisposeAsync();
        await _source.DisposeAsync();
    }

    private void Notice(string sentence) => _noticed?.Invoke(this, new StoreNoticeEventArgs(sentence));

    private void Change(StoreChanges changes) => Changed?.Invoke(this, new StoreChangedEventArgs(changes));

    private static Task<bool> HasSeveralLogsAsync(ConnectionSource source, CancellationToken cancellationToken) =>
        AskAsync<bool>(source, "SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus')", cancellationToken);

    private static Task<long> NextNumberAsync(ConnectionSource source, int lanes, CancellationToken cancellationToken) =>
        AskAsync<long>(source, $"UPDATE node_number SET given = given + {lanes} WHERE id = 1 RETURNING given", cancellationToken);

    private static Task<long> HighWaterAsync(ConnectionSource source, CancellationToken cancellationToken) =>
        AskAsync<long>(source, "SELECT coalesce(max(high_water_unix_nanoseconds), 0) FROM ledger_clock", cancellationToken);

    private static async Task NameAsync(ConnectionSource source, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await source.OpenAsync(cancellationToken);
        await LedgerName.AgreeAsync(connection);
    }

    private static async Task<T> AskAsync<T>(ConnectionSource source, string sql, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await source.OpenAsync(cancellationToken);
        await using var ask = new NpgsqlCommand(sql, connection);
        return (T)(await ask.ExecuteScalarAsync(cancellationToken))!;
    }

    private sealed record OpenedLedger(int FoundSchemaVersion, short FirstNode, long HighWater, ChangeWatch Watch, Relay Relay);

    /// <summary>Passes on what the parts say to whoever listens to the store.</summary>
    private sealed class Relay
    {
        public Relay() => Availability = new Availability(sentence => Store?.Notice(sentence));

        public Availability Availability { get; }

        public PostgresStore? Store { get; set; }

        public void Change(StoreChanges changes) => Store?.Change(changes);
    }
}
