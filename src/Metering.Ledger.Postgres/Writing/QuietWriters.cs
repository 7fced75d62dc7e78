using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>
/// Ends, when a node starts, the writers that nobody has heard of for long: those of nodes that were killed, of connections that
/// were lost. Cursors forget an ended writer once they have read it, and nobody asks for it any more. A writer that lives
/// nevertheless loses nothing: its next group is refused as a whole, and committed as another writer's.
/// </summary>
internal sealed class QuietWriters(ConnectionSource source, WriterEnds ends, PostgresStoreOptions options)
{
    /// <summary>Time without a group after which a writer is ended, seen against the newest record of the ledger.</summary>
    public static readonly TimeSpan QuietTime = TimeSpan.FromMinutes(10);

    /// <summary>Ends them. Whatever stands in the way, the next node tries again.</summary>
    public async Task EndAsync(CancellationToken cancellationToken)
    {
        try
        {
            LedgerEnds now = await ends.LookAsync(cancellationToken);
            long quiet = now.AcceptedUnixNanoseconds - (long)QuietTime.TotalNanoseconds;
            NpgsqlConnection connection = await source.OpenAsync(cancellationToken);
            Task step = Task.CompletedTask;
            try
            {
                for (long writer = Writer.Moved; writer < now.Writers; writer++)
                {
                    // One without a group came no further than its number; and records are moved only before there are nodes.
                    WriterEnd end = now[writer];
                    if (end.IsEnded || (end.Number > 0 && writer != Writer.Moved && end.AcceptedUnixNanoseconds >= quiet))
                        continue;
                    var after = new GroupPlace(writer, end.Number + 1, end.AcceptedUnixNanoseconds);
                    step = Writer.EndAsync(connection, after);
                    await step.WaitAsync(options.AnswerTime, options.Waits, cancellationToken);
                }
            }
            finally
            {
                await SharedChanges.CloseAfterAsync(step, connection); // a node that stops at once does not wait for it
            }
        }
        catch (Exception fault) when (fault is NpgsqlException or StoreException or IOException or TimeoutException or OperationCanceledException
            or ObjectDisposedException or InvalidOperationException)
        {
            // It costs cursors a few bytes.
        }
    }
}
