using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>What a session must be like before a record is written through it.</summary>
internal static class SessionSetup
{
    /// <summary>The oldest server that is known to do, as <c>server_version_num</c>.</summary>
    public const int OldestServerVersion = 130000;

    private const string Look = """
        SELECT current_setting('synchronous_commit'), coalesce(current_setting('fsync', true), 'on'),
               current_setting('server_version_num')::int, pg_is_in_recovery(), current_setting('server_version')
        """;

    // Only what the engine has. statement_timeout is off because it would also end a COMMIT's wait for its standby, which then
    // counts as done; what must not last is bounded by the locks' time and the idle transaction's.
    private const string Pin = """
        SELECT set_config(setting.name, wanted.value, false)
        FROM unnest($1::text[], $2::text[]) AS wanted(name, value)
        JOIN pg_settings AS setting ON setting.name = wanted.name
        """;

    /// <summary>Looks a new session over and pins its settings, so that a later change of the server's configuration does not reach it.</summary>
    /// <returns>What is unsafe about it although it is allowed; null when nothing is.</returns>
    /// <exception cref="StoreException">It would not keep what it confirms, or the server is too old or a standby.</exception>
    public static async Task<string?> RunAsync(NpgsqlConnection connection, ConnectionText text, PostgresStoreOptions options)
    {
        string synchronousCommit;
        string? danger;
        await using (var look = new NpgsqlCommand(Look, connection))
        await using (NpgsqlDataReader row = await look.ExecuteReaderAsync())
        {
            await row.ReadAsync();
            synchronousCommit = row.GetString(0);
            danger = Check(text, options, synchronousCommit, row.GetString(1), row.GetInt32(2), row.GetBoolean(3), row.GetString(4));
        }

        (string Name, string Value)[] settings =
        [
            ("synchronous_commit", synchronousCommit),
            ("default_transaction_isolation", "read committed"),
            ("statement_timeout", "0"),
            ("lock_timeout", Milliseconds(options.LockTime)),
            ("idle_in_transaction_session_timeout", Milliseconds(options.IdleTransactionTime)),
            ("client_min_messages", "warning"), // a commit that was not replicated is told by a warning
            ("tcp_keepalives_idle", "10"),
            ("tcp_keepalives_interval", "5"),
            ("tcp_keepalives_count", "3"),
        ];
        await using var pin = new NpgsqlCommand(Pin, connection);
        pin.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. settings.Select(setting => setting.Name)] });
        pin.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. settings.Select(setting => setting.Value)] });
        await pin.ExecuteNonQueryAsync();
        return danger;
    }

    private static string? Check(
        ConnectionText text, PostgresStoreOptions options, string synchronousCommit, string fsync, int version, bool isStandby, string versionText)
    {
        if (version < OldestServerVersion)
            throw new StoreException($"The server at {text.Place} is version {versionText}; {OldestServerVersion / 10000} or newer is needed.");
        if (isStandby)
            throw new StoreException($"The server at {text.Place} is a standby, which cannot be written to. Name the primary, or several hosts.");
        if (Danger(text, synchronousCommit, fsync) is not { } danger)
            return null;
        return options.IsUnsafeCommitAllowed ? danger
            : throw new StoreException($"{danger} Set it to on, or start with --allow-unsafe-commit.");
    }

    private static string? Danger(ConnectionText text, string synchronousCommit, string fsync) =>
        synchronousCommit is not ("on" or "remote_apply")
            ? $"The server at {text.Place} has synchronous_commit = {synchronousCommit}: it confirms commits that it can still lose, so records answered as "
                + "accepted might not be counted."
        : fsync != "on"
            ? $"The server at {text.Place} has fsync = {fsync}: what it confirms may be gone after a power cut."
        : null;

    private static string Milliseconds(TimeSpan time) => ((long)time.TotalMilliseconds).ToString();
}
