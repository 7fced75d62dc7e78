namespace Metering.Ledger.Sqlite;

/// <summary>Changes other than records, which the writer makes between two groups.</summary>
internal sealed class WriterJobs
{
    private readonly Queue<IJob> _waiting = [];
    private StoreException? _refusal;

    private interface IJob
    {
        void Run(Database database);

        void Refuse(StoreException why);
    }

    /// <summary>There is something to do.</summary>
    public bool IsWaiting
    {
        get
        {
            lock (_waiting)
                return _waiting.Count > 0;
        }
    }

    /// <summary>Asks for a change; the task ends when it is durable.</summary>
    public Task<T> Add<T>(Func<Database, T> change, CancellationToken cancellationToken)
    {
        var job = new Job<T>(change, cancellationToken);
        lock (_waiting)
        {
            if (_refusal is not null)
                return Task.FromException<T>(_refusal);
            _waiting.Enqueue(job);
        }

        return job.Result;
    }

    /// <summary>
    /// Makes the changes that wait now. One that comes meanwhile waits for the next turn: who asks for change after change,
    /// as dropping archived records does, never keeps the groups waiting.
    /// </summary>
    /// <exception cref="SqliteFault">The store failed within one; it was told so.</exception>
    public void RunAll(Database database)
    {
        int waiting;
        lock (_waiting)
            waiting = _waiting.Count;
        for (; waiting > 0 && Next() is { } job; waiting--)
            job.Run(database);
    }

    /// <summary>Refuses what waits and whatever comes.</summary>
    public void Close(StoreException why)
    {
        lock (_waiting)
            _refusal ??= why;
        while (Next() is { } job)
            job.Refuse(why);
    }

    private IJob? Next()
    {
        lock (_waiting)
            return _waiting.TryDequeue(out IJob? job) ? job : null;
    }

    private sealed class Job<T>(Func<Database, T> change, CancellationToken cancellationToken) : IJob
    {
        private readonly TaskCompletionSource<T> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<T> Result => _result.Task;

        // A change that is refused (a conflict, a full disk) is rolled back and reported to the one who asked. Whatever
        // else goes wrong leaves the outcome unknown, and the writer must know too.
        public void Run(Database database)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                _result.SetCanceled(cancellationToken);
                return;
            }

            try
            {
                database.Execute("BEGIN IMMEDIATE");
                T result = change(database);
                database.Execute("COMMIT");
                _result.SetResult(result);
            }
            catch (SqliteFault fault) when (fault.IsFull)
            {
                RollBack(database, new StoreException("The disk is full: nothing was changed. Make space and try again.", fault));
            }
            catch (SqliteFault fault)
            {
                _result.SetException(new StoreException($"The store failed; the change may or may not be kept. {fault.Message}", fault));
                throw;
            }
            catch (Exception refusal)
            {
                RollBack(database, refusal);
            }
        }

        public void Refuse(StoreException why) => _result.SetException(why);

        private void RollBack(Database database, Exception refusal)
        {
            try
            {
                if (database.InTransaction)
                    database.Execute("ROLLBACK");
            }
            finally
            {
                _result.SetException(refusal);
            }
        }
    }
}
