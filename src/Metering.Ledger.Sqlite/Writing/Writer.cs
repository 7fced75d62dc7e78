using System.Diagnostics;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// The one thread that changes the ledger. It takes what waits, judges it, commits it as one group and then answers,
/// never before. After any failure but a full disk the outcome is unknown: it answers so and never writes again.
/// </summary>
internal sealed class Writer
{
    private const int GatherShare = 8; // of a commit's time is waited at most for the next group to gather

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);

    private readonly Database _database;
    private readonly Group _group;
    private readonly DiskSpace _disk;
    private readonly Checkpointer _checkpointer;
    private readonly ReadPace _pace;
    private readonly RequestQueue _queue;
    private readonly WriterJobs _jobs = new();
    private readonly Answers _answers = new();
    private readonly UsageWrite[] _taken;
    private readonly Action<string> _notice;
    private readonly TaskCompletionSource<string> _failure = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _isStopping;
    private bool _isFull;

    /// <summary>Does not start the thread yet.</summary>
    public Writer(
        Database database, Group group, DiskSpace disk, Checkpointer checkpointer, ReadPace pace, SqliteStoreOptions options,
        Action<string> notice)
    {
        _database = database;
        _group = group;
        _disk = disk;
        _checkpointer = checkpointer;
        _pace = pace;
        _notice = notice;
        _queue = new RequestQueue(options.QueueRequests);
        _taken = new UsageWrite[options.GroupRequests];
    }

    /// <summary>Completes when the outcome of something is unknown.</summary>
    public Task<string> Failure => _failure.Task;

    /// <summary>Requests that wait.</summary>
    public int QueuedRequests => _queue.Count;

    /// <summary>Starts the thread.</summary>
    public void Start() => new Thread(Run) { Name = "metering ledger writer", IsBackground = true }.Start();

    /// <summary>Hands a request over.</summary>
    public ValueTask<LedgerAnswer> WriteAsync(UsageWrite write)
    {
        ValueTask<LedgerAnswer> answer = write.WaitForAnswer();
        return _queue.TryAdd(write) switch
        {
            Offer.Taken => answer,
            Offer.Full => new ValueTask<LedgerAnswer>(LedgerAnswer.QueueFull),
            _ => new ValueTask<LedgerAnswer>(_failure.Task.IsCompleted ? LedgerAnswer.OutcomeUnknown : LedgerAnswer.Closing),
        };
    }

    /// <summary>Makes a change in a transaction of its own.</summary>
    public Task<T> ChangeAsync<T>(Func<Database, T> change, CancellationToken cancellationToken)
    {
        Task<T> done = _jobs.Add(change, cancellationToken);
        _queue.Wake();
        return done;
    }

    /// <summary>Ends writing for good, for a reason met elsewhere; safe from any thread.</summary>
    public void Fail(string sentence)
    {
        _failure.TrySetResult(sentence);
        _queue.Wake();
    }

    /// <summary>Stops taking, finishes what was taken, and ends the thread.</summary>
    public Task StopAsync()
    {
        _isStopping = true;
        _queue.Wake();
        return _ended.Task;
    }

    private void Run()
    {
        try
        {
            while (!_isStopping && !_failure.Task.IsCompleted)
            {
                RunJobs();
                if (!CommitWhatWaits())
                    _queue.Wait(LongestWait);
            }

            _queue.Close();
            while (!_failure.Task.IsCompleted && CommitWhatWaits())
            {
            }

            if (!_failure.Task.IsCompleted)
                RunJobs();
        }
        catch (Exception fault)
        {
            _failure.TrySetResult(Sentence(fault));
        }

        _queue.Close();
        RefuseTheRest();
        _ended.SetResult();
    }

    private void RunJobs()
    {
        if (!_jobs.IsWaiting)
            return;
        lock (_checkpointer.Transactions)
            _jobs.RunAll(_database);
        _checkpointer.Committed(_database.TakeWrittenPages());
    }

    private bool CommitWhatWaits()
    {
        int count = _queue.Take(_taken);
        if (count == 0)
            return false;
        long startedAt = Stopwatch.GetTimestamp();
        Span<UsageWrite> writes = _taken.AsSpan(0, count);
        LedgerAnswer answer = LedgerAnswer.OutcomeUnknown;
        try
        {
            answer = Commit(writes);

            // The disk failed under a checkpoint or the index meanwhile: an fsync that succeeds after one that failed proves nothing.
            if (_failure.Task.IsCompleted)
                answer = LedgerAnswer.OutcomeUnknown;
        }
        catch (Exception fault)
        {
            // First the failure, then the answers: whoever hears "unknown" can read why.
            _failure.TrySetResult(Sentence(fault));
        }

        _answers.Give(writes, answer);
        writes.Clear();
        _pace.Committed(count);
        Gather(count + _queue.Count, Stopwatch.GetElapsedTime(startedAt) / GatherShare);
        return true;
    }

    // Senders that were just answered mostly send again at once. Without a short wait for them they would fall into two
    // halves, one waiting for the other's fsync; with it one fsync serves both. One lone sender never waits: what is
    // gathered is as many as there were.
    private void Gather(int requests, TimeSpan longest)
    {
        long startedAt = Stopwatch.GetTimestamp();
        requests = Math.Min(requests, _taken.Length);
        while (_queue.Count < requests && !_isStopping && Stopwatch.GetElapsedTime(startedAt) < longest)
            Thread.Yield();
    }

    private LedgerAnswer Commit(ReadOnlySpan<UsageWrite> writes)
    {
        if (!_disk.IsEnough())
            return Refuse("there is less free space than the reserve");
        if (!_group.HasRoom())
            return Refuse("the disk is full");
        _group.Judge(writes);
        if (_group.IsEmpty)
            return LedgerAnswer.Committed;
        try
        {
            lock (_checkpointer.Transactions)
                _group.Store();
        }
        catch (SqliteFault fault) when (fault.IsFull)
        {
            if (_database.InTransaction)
                _database.Execute("ROLLBACK");
            _group.Discard();
            return Refuse("the disk is full");
        }

        _group.Keep();
        _checkpointer.Committed(_database.TakeWrittenPages());
        if (_isFull)
            _notice("There is space again: writes are counted.");
        _isFull = false;
        return LedgerAnswer.Committed;
    }

    private LedgerAnswer Refuse(string why)
    {
        if (!_isFull)
            _notice($"Writes are refused: {why} ({_database.Path}). Nothing is lost; make space, and they go on by themselves.");
        _isFull = true;
        return LedgerAnswer.StorageFull;
    }

    private void RefuseTheRest()
    {
        LedgerAnswer answer = _failure.Task.IsCompleted ? LedgerAnswer.OutcomeUnknown : LedgerAnswer.Closing;
        string why = _failure.Task.IsCompleted ? _failure.Task.Result : $"{_database.Path} is closing: nothing was changed.";
        _jobs.Close(new StoreException(why));
        for (int count = _queue.Take(_taken); count > 0; count = _queue.Take(_taken))
            _answers.Give(_taken.AsSpan(0, count), answer);
    }

    private string Sentence(Exception fault) =>
        $"The ledger {_database.Path} failed and takes no more writes: {fault.Message} What was being written may or may not be counted. "
        + "Check the disk and start the server again; senders repeat what was not confirmed.";
}
