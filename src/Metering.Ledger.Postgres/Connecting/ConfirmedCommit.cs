using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>A commit returned, but its wait for the standby had been given up: it may be lost with the primary.</summary>
internal sealed class NotReplicatedException(string warning) : Exception(warning);

/// <summary>
/// A commit that is believed only when it comes back without a warning: SQLSTATE 01000, "canceling wait for synchronous
/// replication"; the same with 57P01 when the session ends. No other warning has any business there, so none is overlooked.
/// </summary>
internal static class ConfirmedCommit
{
    /// <summary>Runs what commits.</summary>
    /// <exception cref="NotReplicatedException">The commit is not known to be durable.</exception>
    public static async Task RunAsync(NpgsqlConnection connection, Func<Task> commit)
    {
        string? warning = null;
        void Listen(object sender, NpgsqlNoticeEventArgs notice)
        {
            if (notice.Notice.InvariantSeverity == "WARNING")
                warning = $"{notice.Notice.MessageText} (SQLSTATE {notice.Notice.SqlState})";
        }

        connection.Notice += Listen;
        try
        {
            await commit();
        }
        finally
        {
            connection.Notice -= Listen;
        }

        if (warning is not null)
            throw new NotReplicatedException(warning);
    }
}
