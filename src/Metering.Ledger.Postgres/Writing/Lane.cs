using System.Security.Cryptography;
using System.Threading.Channels;
using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>What the lanes of a node share.</summary>
/// <param name="Requests">Requests that wait.</param>
/// <param name="Source">Where connections come from.</param>
/// <param name="Options">The store's options.</param>
/// <param name="Availability">What is known about the database.</param>
/// <param name="Answers">Gives answers away from the lane.</param>
/// <param name="Clock">Says when groups were accepted.</param>
/// <param name="Abandoned">Room for connections that nobody waits for any more.</param>
internal sealed record LaneParts(
    ChannelReader<UsageWrite> Requests, ConnectionSource Source, PostgresStoreOptions Options, Availability Availability, Answers Answers,
    GroupClock Clock, SemaphoreSlim Abandoned);

/// <summary>
/// One group in flight after the other, on a connection of its own: takes what waits, commits it, answers, never before. What
/// fails before its COMMIT is sent was not counted; after that, only the database's word counts. Each connection is a
/// <see cref="Writer"/> of its own.
/// </summary>
internal sealed class Lane(LaneParts parts, short node)
{
    private readonly PostgresStoreOptions _options = parts.Options;
    private readonly UsageWrite[] _taken = new UsageWrite[parts.Options.GroupRequests];
    private readonly Group _group = new();
    private readonly OneTrip _oneTrip = new(parts.Options.GroupsBeforeOneTrip, parts.Options.Waits);
    private NpgsqlConnection? _connection;
    private Writer? _writer; // the connection's; gone with it
    private long _highWater;

    /// <summary>Latest reading of the clock that this lane stored.</summary>
    public long HighWaterUnixNanoseconds => Volatile.Read(ref _highWater);

    /// <summary>Forgets it: an operator set it back.</summary>
    public void ForgetHighWater() => Volatile.Write(ref _highWater, 0);

    /// <summary>Works until there is nothing left and nothing can come any more.</summary>
    public async Task RunAsync()
    {
        while (await parts.Requests.WaitToReadAsync())
        {
            int count = Take();
            if (count == 0)
                continue;
            LedgerAnswer answer;
            try
            {
                answer = await CommitAsync(count);
            }
            catch (Exception fault)
            {
                // Not one of the database's faults; still everybody gets an answer.
                parts.Availability.Refused(fault.Message);
                await DropAsync();
                answer = LedgerAnswer.OutcomeUnknown;
            }

            parts.Answers.Give(_taken.AsSpan(0, count), answer);
            Array.Clear(_taken, 0, count);
        }

        await EndAsync();
    }

    private int Take()
    {
        int count = 0;
        while (count < _taken.Length && parts.Requests.TryRead(out UsageWrite? write))
            _taken[count++] = write;
        return count;
    }

    private async Task<LedgerAnswer> CommitAsync(int count)
    {
        _group.Stage(_taken.AsSpan(0, count));
        bool isFresh = _connection is null; // a connection that was idle may have been lost long ago
        bool mayPresume = _oneTrip.IsEnoughFor(_group);
        for (int retries = 0; ;)
        {
            try
            {
                _connection ??= await parts.Source.OpenAsync(CancellationToken.None);
            }
            catch (StoreException fault)
            {
                parts.Availability.Away(fault.Message);
                return LedgerAnswer.Unreachable;
            }

            Outcome outcome = await TryAsync(count, mayPresume);
            if (outcome.IsPresumptionWrong)
            {
                mayPresume = false;
                continue;
            }

            if (outcome is { Fault: FaultKind.Again } && retries++ < _options.Retries)
            {
                await Task.Delay(Jitter(retries), _options.Waits);
                continue;
            }

            if (outcome is { Fault: FaultKind.Lost, IsCommitSent: false, IsLate: false } && !isFresh)
            {
                isFresh = true;
                continue;
            }

            return Conclude(outcome);
        }
    }

    // One attempt. The connection is as good as before, or gone, afterwards.
    private async Task<Outcome> TryAsync(int count, bool isPresumed)
    {
        var transaction = new GroupTransaction(_connection!, node);
        bool isCommitSent = false;
        Task step = Task.CompletedTask;
        try
        {
            if (_writer is null && _group.Candidates is not null)
            {
                Task<Writer> taking = Writer.TakeAsync(_connection!);
                step = taking;
                _writer = await taking.WaitAsync(_options.AnswerTime, _options.Waits);
            }

            if (isPresumed)
                transaction.Presume(_group.Candidates!);
            else
            {
                step = transaction.AskAsync(_group.Candidates, _group.LookUps);
                await step.WaitAsync(_options.AnswerTime, _options.Waits);
            }

            _group.Judge(_taken.AsSpan(0, count), transaction.Counted, transaction.Known);
            if (!transaction.IsBegun && !_group.HasToBeWritten)
                return default;
            GroupPlace? place = _group.Accepted.Count == 0 ? null : _writer!.Next(parts.Clock.Next(_group.AcceptedUnixNanoseconds));
            isCommitSent = true;
            step = transaction.CommitAsync(_group, place, _options.AreDuplicatesRewritten);
            await step.WaitAsync(_options.AnswerTime, _options.Waits);
            if (place is { } committed)
                _writer!.Advance(committed);
            _oneTrip.Committed(_group.NamesOthersRows);
            Volatile.Write(ref _highWater, Math.Max(_highWater, _group.LatestUnixNanoseconds));
            return default;
        }
        catch (TimeoutException fault) when (!step.IsCompleted)
        {
            await AbandonAsync(step);
            return new Outcome(FaultKind.Lost, fault, isCommitSent, IsLate: true);
        }
        catch (NotReplicatedException fault)
        {
            await DropAsync();
            return new Outcome(FaultKind.Lost, fault, isCommitSent);
        }
        catch (PostgresException fault) when (fault.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            // Nothing of the group was counted. Somebody ended the writer because it was quiet: again, as another writer. Or a record
            // that was taken for new is none, and again with the question; which of the two it was is known after that.
            if (isPresumed)
                _oneTrip.Doubt();
            else
                _writer = null;
            await RollBackAsync(transaction);
            return new Outcome(FaultKind.Again, fault, isCommitSent) { IsPresumptionWrong = isPresumed };
        }
        catch (Exception fault) when (fault is NpgsqlException or IOException or TimeoutException or ObjectDisposedException or InvalidOperationException)
        {
            FaultKind kind = Faults.KindOf(fault);
            if (kind == FaultKind.Lost)
                await DropAsync();
            else
                await RollBackAsync(transaction);
            return new Outcome(kind, fault, isCommitSent);
        }
    }

    private LedgerAnswer Conclude(Outcome outcome)
    {
        if (outcome.Fault is not { } kind)
        {
            parts.Availability.Committed();
            return LedgerAnswer.Committed;
        }

        string what = outcome.Cause is NotReplicatedException ? outcome.Cause.Message : Faults.Describe(outcome.Cause!);
        if (kind == FaultKind.Full)
        {
            parts.Availability.Full(parts.Source.Text.Place);
            return LedgerAnswer.StorageFull;
        }

        string sentence = $"PostgreSQL at {parts.Source.Text.Place}: {what.TrimEnd('.')}.";
        if (kind == FaultKind.Lost && !outcome.IsLate && outcome.Cause is not NotReplicatedException)
            parts.Availability.Away(sentence); // until somebody gets through again
        else
            parts.Availability.Refused(sentence);
        return kind == FaultKind.Lost && outcome.IsCommitSent ? LedgerAnswer.OutcomeUnknown : LedgerAnswer.Unreachable;
    }

    private async Task RollBackAsync(GroupTransaction transaction)
    {
        try
        {
            await transaction.RollBackAsync().WaitAsync(_options.AnswerTime, _options.Waits);
        }
        catch (Exception fault) when (fault is NpgsqlException or IOException or TimeoutException or ObjectDisposedException or InvalidOperationException)
        {
            await DropAsync();
        }
    }

    // Nothing depends on it: a writer that nobody ended costs every cursor a byte or two until a node does.
    private async Task EndAsync()
    {
        if (_connection is { } connection && _writer is { } writer)
        {
            Task step = writer.EndAsync(connection);
            try
            {
                await step.WaitAsync(_options.AnswerTime, _options.Waits);
            }
            catch (TimeoutException) when (!step.IsCompleted)
            {
                await AbandonAsync(step);
            }
            catch (Exception fault) when (fault is NpgsqlException or IOException or TimeoutException or ObjectDisposedException or InvalidOperationException)
            {
                // As good as gone.
            }
        }

        await DropAsync();
    }

    // The writer goes with the connection: what it sent last may yet be committed, and nothing must come after that.
    private async Task DropAsync()
    {
        _writer = null;
        _oneTrip.Doubt();
        if (Interlocked.Exchange(ref _connection, null) is { } connection)
            await connection.DisposeAsync();
    }

    // Nobody waits for this answer any more, and nothing ends it but the database or the network: ending it from here would
    // cancel it. The lane goes on with another connection, as long as there is room for such.
    private async Task AbandonAsync(Task step)
    {
        NpgsqlConnection connection = _connection!;
        (_connection, _writer) = (null, null);
        _oneTrip.Doubt();
        await parts.Abandoned.WaitAsync();
        _ = CloseAfterAsync(step, connection, parts.Abandoned);
    }

    private static async Task CloseAfterAsync(Task step, NpgsqlConnection connection, SemaphoreSlim room)
    {
        await step.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        try
        {
            await connection.DisposeAsync();
        }
        catch (NpgsqlException)
        {
            // It is gone either way.
        }

        room.Release();
    }

    private TimeSpan Jitter(int retries)
    {
        double longest = _options.RetryTime.TotalMilliseconds * Math.Pow(2, Math.Min(retries - 1, 6));
        return TimeSpan.FromMilliseconds(longest * RandomNumberGenerator.GetInt32(1, 1001) / 1000);
    }

    private readonly record struct Outcome(FaultKind? Fault, Exception? Cause, bool IsCommitSent, bool IsLate = false)
    {
        public bool IsPresumptionWrong { get; init; }
    }
}
