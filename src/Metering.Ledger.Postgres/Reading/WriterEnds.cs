using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>
/// Looks how far the writers are. Whoever asks while somebody looks shares the next look with all others who do, so that a
/// node looks once at a time, however many follow the feed. A writer that has ended is not asked for again.
/// </summary>
/// <param name="source">Where connections come from.</param>
/// <param name="options">The store's options.</param>
/// <param name="proof">Makes sure that what is seen is durable.</param>
internal sealed class WriterEnds(ConnectionSource source, PostgresStoreOptions options, ReadProof proof)
{
    private const int AskedAtOnce = 256;

    private const string Given = """
        SELECT given, ledger, coalesce(current_setting('synchronous_standby_names', true), '') <> '' FROM writer_number WHERE id = 1
        """;

    private const string Last = """
        SELECT number, records, accepted_unix_nanoseconds FROM usage_group WHERE writer = $1 AND number > $2 ORDER BY number DESC LIMIT 1
        """;

    private const string First = "SELECT accepted_unix_nanoseconds FROM usage_group WHERE writer = $1 AND number = 1";

    private readonly Lock _asking = new();
    private volatile LedgerEnds _known = LedgerEnds.Unknown;
    private Task<LedgerEnds> _current = Task.FromResult(LedgerEnds.Unknown);
    private Task<LedgerEnds>? _next;

    /// <summary>How far they are now, everything that was committed before the call included.</summary>
    /// <exception cref="StoreException">The database is away, or does not confirm that what is there is durable.</exception>
    public Task<LedgerEnds> LookAsync(CancellationToken cancellationToken)
    {
        lock (_asking)
            return (_next ??= LookAfterAsync(_current)).WaitAsync(cancellationToken);
    }

    /// <summary>What is known is not what is there: looks at everything anew the next time.</summary>
    public void Forget() => _known = LedgerEnds.Unknown;

    private async Task<LedgerEnds> LookAfterAsync(Task<LedgerEnds> current)
    {
        await Task.Yield();
        await ((Task)current).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_asking)
            (_current, _next) = (_next!, null);
        try
        {
            await using NpgsqlConnection connection = await source.OpenAsync(CancellationToken.None);
            LedgerEnds known = _known;
            LedgerEnds found = await LookAsync(connection, known);
            return found == known ? known : _known = found;
        }
        catch (NpgsqlException fault)
        {
            throw LedgerReader.BrokenOff(source, fault);
        }
    }

    private async Task<LedgerEnds> LookAsync(NpgsqlConnection connection, LedgerEnds known)
    {
        (long given, Guid ledger, bool areStandbysNamed) = await ReadGivenAsync(connection);
        if (ledger != known.Ledger || given + 1 < known.Writers)
            known = LedgerEnds.Unknown; // another history
        var ends = new WriterEnd[given + 1];
        for (long writer = 0; writer < known.Writers; writer++)
            ends[writer] = known[writer];
        long[] open = [.. Enumerable.Range(0, ends.Length).Where(writer => !ends[writer].IsEnded).Select(writer => (long)writer)];
        bool isChanged = ends.Length != known.Writers;
        foreach (long[] some in open.Chunk(AskedAtOnce))
            isChanged |= await AskAsync(connection, some, ends);
        if (!isChanged)
            return known;
        if (areStandbysNamed)
            await proof.RunAsync(connection);
        return new LedgerEnds(ledger, ends);
    }

    private async Task<bool> AskAsync(NpgsqlConnection connection, long[] writers, WriterEnd[] ends)
    {
        var begun = new List<long>();
        bool isChanged = false;
        await using (NpgsqlBatch last = Batch(connection, writers, writer => Command(Last, writer, ends[writer].Number)))
        await using (NpgsqlDataReader row = await last.ExecuteReaderAsync())
        {
            foreach (long writer in writers)
            {
                if (await row.ReadAsync())
                {
                    isChanged = true;
                    bool isEnd = row.GetInt32(1) == 0;
                    if (ends[writer].Number == 0)
                        begun.Add(writer);
                    ends[writer] = ends[writer] with
                    {
                        Number = row.GetInt64(0) - (isEnd ? 1 : 0), IsEnded = isEnd, AcceptedUnixNanoseconds = row.GetInt64(2),
                    };
                }

                await row.NextResultAsync();
            }
        }

        if (begun.Count > 0)
            await AskFirstAsync(connection, begun, ends);
        return isChanged;
    }

    private async Task AskFirstAsync(NpgsqlConnection connection, List<long> writers, WriterEnd[] ends)
    {
        await using NpgsqlBatch first = Batch(connection, writers, writer => Command(First, writer));
        await using NpgsqlDataReader row = await first.ExecuteReaderAsync();
        foreach (long writer in writers)
        {
            if (await row.ReadAsync())
                ends[writer] = ends[writer] with { FirstAcceptedUnixNanoseconds = row.GetInt64(0) };
            await row.NextResultAsync();
        }
    }

    private async Task<(long Given, Guid Ledger, bool AreStandbysNamed)> ReadGivenAsync(NpgsqlConnection connection)
    {
        await using var ask = new NpgsqlCommand(Given, connection) { CommandTimeout = Seconds };
        await using NpgsqlDataReader row = await ask.ExecuteReaderAsync();
        await row.ReadAsync();
        return (row.GetInt64(0), row.IsDBNull(1) ? Guid.Empty : row.GetGuid(1), row.GetBoolean(2));
    }

    private int Seconds => (int)Math.Ceiling(options.ReadTime.TotalSeconds);

    private NpgsqlBatch Batch(NpgsqlConnection connection, IEnumerable<long> writers, Func<long, NpgsqlBatchCommand> command)
    {
        NpgsqlBatch batch = connection.CreateBatch();
        batch.Timeout = Seconds;
        foreach (long writer in writers)
            batch.BatchCommands.Add(command(writer));
        return batch;
    }

    private static NpgsqlBatchCommand Command(string text, params ReadOnlySpan<long> numbers)
    {
        var command = new NpgsqlBatchCommand(text);
        foreach (long number in numbers)
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = number });
        return command;
    }
}
