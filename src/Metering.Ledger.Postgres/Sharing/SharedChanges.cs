using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>Changes what the nodes share, other than usage: each in one transaction, after which the other nodes are told, if it is theirs to know.</summary>
internal sealed class SharedChanges(ConnectionSource source, PostgresStoreOptions options)
{
    /// <summary>The channel of the database's notifications.</summary>
    public const string Channel = "metering_change";

    /// <summary>The row of <c>shared_version</c> that counts changes of the catalog.</summary>
    public const string Catalog = "catalog";

    /// <summary>The row that counts changes of signing keys and revocations.</summary>
    public const string Credentials = "credentials";

    /// <summary>Makes a change, durably.</summary>
    /// <param name="change">What to do; it may be done again after a serialization failure, and what it throws takes everything back.</param>
    /// <param name="cancellationToken">Gives up before the transaction starts, never within.</param>
    /// <param name="isTold">The other nodes have to know.</param>
    /// <exception cref="StoreException">The database failed; the message says whether the change may be kept nevertheless.</exception>
    public async Task<T> ChangeAsync<T>(Func<NpgsqlConnection, Task<T>> change, CancellationToken cancellationToken, bool isTold = true)
    {
        cancellationToken.ThrowIfCancellationRequested();
        for (int retries = 0; ; retries++)
        {
            NpgsqlConnection connection = await source.OpenAsync(cancellationToken);
            Task<T> work = ChangeAsync(connection, change, isTold);
            try
            {
                T result = await work.WaitAsync(options.ReadTime, options.Waits, CancellationToken.None);
                return result;
            }
            catch (PostgresException fault) when (Faults.KindOf(fault) == FaultKind.Again && retries < options.Retries)
            {
                await Task.Delay(options.RetryTime, options.Waits, cancellationToken);
            }
            catch (PostgresException fault) when (Faults.KindOf(fault) is FaultKind.Full or FaultKind.Refused)
            {
                throw new StoreException($"PostgreSQL at {source.Text.Place} refused the change: {Faults.Describe(fault).TrimEnd('.')}.", fault) { IsOutage = true };
            }
            catch (Exception fault) when (fault is NpgsqlException or NotReplicatedException or TimeoutException or IOException)
            {
                throw new StoreException(
                    $"PostgreSQL at {source.Text.Place} did not confirm the change, which may or may not be kept: {Faults.Describe(fault).TrimEnd('.')}.",
                    fault) { IsOutage = true };
            }
            finally
            {
                await CloseAfterAsync(work, connection);
            }
        }
    }

    /// <summary>Counts a change, so that nodes see that there is one; within the change's transaction.</summary>
    public static async Task CountChangeAsync(NpgsqlConnection connection, string name)
    {
        await using var count = new NpgsqlCommand("UPDATE shared_version SET version = version + 1 WHERE name = $1", connection);
        count.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        await count.ExecuteNonQueryAsync();
    }

    private static async Task<T> ChangeAsync<T>(NpgsqlConnection connection, Func<NpgsqlConnection, Task<T>> change, bool isTold)
    {
        await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync();
        T result = await change(connection);
        await ConfirmedCommit.RunAsync(connection, () => transaction.CommitAsync(CancellationToken.None));
        if (isTold)
            await NotifyAsync(connection);
        return result;
    }

    // It only makes the others look sooner than they would by themselves, and not every engine can.
    private static async Task NotifyAsync(NpgsqlConnection connection)
    {
        try
        {
            await using var notify = new NpgsqlCommand($"NOTIFY {Channel}", connection);
            await notify.ExecuteNonQueryAsync();
        }
        catch (NpgsqlException)
        {
            // They look twice a second anyway.
        }
    }

    /// <summary>
    /// Closes a connection once what runs on it has ended, and waits only if it has: what is under way is not cancelled, since it
    /// would be taken for done without its standby, and a connection is not to be closed under it.
    /// </summary>
    internal static async Task CloseAfterAsync(Task work, NpgsqlConnection connection)
    {
        if (work.IsCompleted)
            await connection.DisposeAsync();
        else
            _ = work.ContinueWith(_ => connection.Dispose(), TaskScheduler.Default);
    }
}
