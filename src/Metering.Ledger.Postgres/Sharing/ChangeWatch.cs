using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>
/// Looks what other nodes changed, on a connection of its own: at once when the database says so (LISTEN), and every so often
/// in any case. That it gets through is also what ends an outage, and that it does not is what begins one.
/// </summary>
internal sealed class ChangeWatch : IAsyncDisposable
{
    private const int LookSeconds = 5; // a look that takes longer is an outage

    private readonly ConnectionSource _source;
    private readonly PostgresStoreOptions _options;
    private readonly Availability _availability;
    private readonly Action<StoreChanges> _changed;
    private readonly CancellationTokenSource _stop = new();
    private Versions _seen;
    private bool _canListen;
    private Task _running = Task.CompletedTask;

    private ChangeWatch(ConnectionSource source, PostgresStoreOptions options, Availability availability, Action<StoreChanges> changed, Versions seen)
    {
        _source = source;
        _options = options;
        _availability = availability;
        _changed = changed;
        _seen = seen;
        _canListen = options.IsListening;
    }

    /// <summary>Takes what there is now as known, so that nothing that changes afterwards is missed.</summary>
    public static async Task<ChangeWatch> CreateAsync(
        ConnectionSource source, PostgresStoreOptions options, Availability availability, Action<StoreChanges> changed, CancellationToken cancellationToken)
    {
        await using NpgsqlConnection connection = await source.OpenAsync(cancellationToken);
        return new ChangeWatch(source, options, availability, changed, await ReadAsync(connection, cancellationToken));
    }

    /// <summary>Starts to look.</summary>
    public void Start() => _running = Task.Run(RunAsync);

    /// <summary>Ends it.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await using NpgsqlConnection connection = await _source.OpenAsync(_stop.Token);
                await WatchAsync(connection);
            }
            catch (Exception fault) when (fault is NpgsqlException or StoreException or IOException or TimeoutException or InvalidOperationException)
            {
                _availability.Away(fault is StoreException ? fault.Message : $"PostgreSQL at {_source.Text.Place}: {Faults.Describe(fault).TrimEnd('.')}.");
                await Task.Delay(_options.WatchInterval, _options.Waits, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task WatchAsync(NpgsqlConnection connection)
    {
        bool isListening = await ListenAsync(connection);
        try
        {
            while (true)
            {
                Versions found = await ReadAsync(connection, _stop.Token);
                Tell(found);
                if (found.IsReadOnly)
                    throw new StoreException($"PostgreSQL at {_source.Text.Place} takes no writes at the moment (transaction_read_only)."); // another host may
                _availability.Back();
                if (isListening)
                    await connection.WaitAsync(_options.WatchInterval, _stop.Token);
                else
                    await Task.Delay(_options.WatchInterval, _options.Waits, _stop.Token);
            }
        }
        finally
        {
            // The connection goes back to others, who do not listen.
            if (isListening && connection.FullState == System.Data.ConnectionState.Open)
                await ExecuteAsync(connection, "UNLISTEN *");
        }
    }

    private async Task<bool> ListenAsync(NpgsqlConnection connection)
    {
        if (!_canListen)
            return false;
        try
        {
            await ExecuteAsync(connection, $"LISTEN {SharedChanges.Channel}");
            return true;
        }
        catch (PostgresException fault) when (fault.InvariantSeverity == "ERROR")
        {
            _canListen = false; // the engine does not know it: looking has to do
            return false;
        }
    }

    private void Tell(Versions found)
    {
        StoreChanges changes = (found.Catalog == _seen.Catalog ? StoreChanges.None : StoreChanges.Catalog)
            | (found.Credentials == _seen.Credentials ? StoreChanges.None : StoreChanges.Credentials);
        _seen = found;
        if (changes != StoreChanges.None)
            _changed(changes);
    }

    private static async Task<Versions> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var ask = new NpgsqlCommand(
            "SELECT name, version, current_setting('transaction_read_only') FROM shared_version", connection) { CommandTimeout = LookSeconds };
        await using NpgsqlDataReader row = await ask.ExecuteReaderAsync(cancellationToken);
        var versions = default(Versions);
        while (await row.ReadAsync(cancellationToken))
        {
            versions = versions with { IsReadOnly = row.GetString(2) == "on" };
            versions = row.GetString(0) switch
            {
                SharedChanges.Catalog => versions with { Catalog = row.GetInt64(1) },
                SharedChanges.Credentials => versions with { Credentials = row.GetInt64(1) },
                _ => versions, // of a later program
            };
        }

        return versions;
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = LookSeconds };
        await command.ExecuteNonQueryAsync();
    }

    private readonly record struct Versions(long Catalog, long Credentials, bool IsReadOnly);
}
