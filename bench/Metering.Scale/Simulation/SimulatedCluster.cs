namespace Metering.Scale;

/// <summary>
/// A cluster at work: records arrive at random, lanes take what waits as one group, groups pass through processors, logs and
/// networks. Records are counted in bulk, so that a hundred million a second can be simulated group by group.
/// </summary>
internal sealed partial class SimulatedCluster
{
    private const int Looks = 100;

    private readonly Cluster _cluster;
    private readonly Figures _figures;
    private readonly Timeline _timeline = new();
    private readonly Chance _chance;
    private readonly Processors[] _nodes;
    private readonly Database[] _databases;
    private readonly RecordQueue[] _queues;
    private readonly RowLocks _rows = new();
    private readonly HashSet<Group> _underWay = [];
    private Tally _tally = new();
    private long _acceptedBefore; // while warming up
    private long _arrivedBefore;
    private long _repeating; // uncounted records whose senders wait before they repeat them
    private long _repeatingAll;

    private SimulatedCluster(Cluster cluster, Figures figures)
    {
        _cluster = cluster;
        _figures = figures;
        _chance = new Chance(cluster.Seed);
        var shared = new Processors(figures.NodeCores);
        _nodes = [.. Enumerable.Range(0, cluster.Nodes).Select(_ => cluster.IsOneMachine ? shared : new Processors(figures.NodeCores))];
        _databases = [.. Enumerable.Range(0, cluster.Databases).Select(database => new Database(
            cluster.IsOneMachine ? shared : new Processors(figures.DatabaseCores),
            figures,
            cluster.Failure == Failure.SlowDatabase && database == 0 ? figures.SlowFactor : 1))];
        _queues = [.. Queues()];
        foreach (RecordQueue queue in _queues)
            queue.SetRate(cluster.RecordsPerSecond / _queues.Length, 0, _chance);
    }

    private double Now => _timeline.Now;

    private bool IsTwoPhase => _cluster.Layout == Layout.Spread && _cluster.Databases > 1;

    /// <summary>Simulates it from an empty start to the end of its time.</summary>
    public static Outcome Run(Cluster cluster, Figures figures) => new SimulatedCluster(cluster, figures).Run();

    private Outcome Run()
    {
        for (int queue = 0; queue < _queues.Length; queue++)
            Await(queue);
        double end = _cluster.WarmSeconds + _cluster.Seconds;
        for (int look = 0; look < Looks; look++)
            _timeline.At(_cluster.WarmSeconds + (_cluster.Seconds * look / Looks), new Happening(Happens.LookAround));
        if (_cluster.Failure is Failure.NodeLost or Failure.PrimaryLost)
            _timeline.At(_cluster.FailureAtSeconds, new Happening(Happens.SomethingFails));
        while (_timeline.TryNext(end, out Happening happening))
            Happen(happening);
        return Conclude(end);
    }

    private void Happen(in Happening happening)
    {
        switch (happening.What)
        {
            case Happens.RecordsArrive:
                Arrive(happening.Queue);
                break;
            case Happens.LaneIsFree:
                Free(happening.Queue, happening.Database);
                break;
            case Happens.RecordsAreRepeated:
                Repeat(happening.Queue, happening.Batch);
                break;
            case Happens.SomethingFails:
                Fail();
                break;
            case Happens.LookAround:
                LookAround();
                break;
            default:
                if (!happening.Group!.IsGone)
                    Go(happening.What, happening.Group, happening.Database);
                break;
        }
    }

    // Only one queue's next record is known at a time, and only while a lane has nothing to do; otherwise what came is drawn
    // when a lane looks, which is the same to a process without memory.
    private void Await(int number)
    {
        RecordQueue queue = _queues[number];
        if (queue.IsAwaited || queue.Rate <= 0)
            return;
        queue.IsAwaited = true;
        _timeline.At(Now + _chance.Exponential(queue.Rate / queue.Together), new Happening(Happens.RecordsArrive, Queue: number));
    }

    private void Arrive(int number)
    {
        RecordQueue queue = _queues[number];
        queue.IsAwaited = false;
        if (queue.IsDead)
            return;
        if (queue.Idle.TryPop(out int lane))
        {
            queue.ArriveNow(Now);
            Begin(number, lane);
        }

        if (queue.Idle.Count > 0)
            Await(number);
    }

    private void Free(int number, int lane)
    {
        RecordQueue queue = _queues[number];
        if (queue.IsDead)
            return;
        queue.Draw(Now, _chance);
        if (queue.Waiting > 0)
        {
            Begin(number, lane);
            return;
        }

        queue.Idle.Push(lane);
        Await(number);
    }

    private void Repeat(int number, Batch batch)
    {
        _repeating -= batch.IsCounted ? 0 : batch.Records;
        _repeatingAll -= batch.Records;
        RecordQueue queue = _queues[number];
        queue.Draw(Now, _chance);
        queue.Return(batch, isFirst: false);
        if (queue.Idle.TryPop(out int lane))
            Begin(number, lane);
    }

    private void LookAround()
    {
        foreach (RecordQueue queue in _queues)
            queue.Draw(Now, _chance);
        if (_tally.Looks == 0)
            ForgetWarmUp();
        _tally.Looks++;
        _tally.Seen += _queues.Sum(queue => queue.Waiting) + _underWay.Sum(group => group.Records) + _repeatingAll;
    }

    private void ForgetWarmUp()
    {
        _acceptedBefore = _tally.Accepted;
        _arrivedBefore = _queues.Sum(queue => queue.Arrived);
        _tally = new Tally();
        _rows.Forget();
        foreach (Processors node in _nodes)
            node.Forget();
        foreach (Database database in _databases)
            database.Forget();
    }

    private Outcome Conclude(double end)
    {
        foreach (RecordQueue queue in _queues)
            queue.Draw(end, _chance);
        double seconds = _cluster.Seconds;
        long arrived = _queues.Sum(queue => queue.Arrived);
        int lanes = _queues.Length * _figures.LanesOf(_cluster.Layout);
        return new Outcome(_cluster, _figures)
        {
            Arrived = arrived,
            Accepted = _acceptedBefore + _tally.Accepted,
            Uncounted = _queues.Sum(queue => queue.WaitingUncounted) + _underWay.Where(group => !group.IsDecided).Sum(group => group.Uncounted) + _repeating,
            AcceptedPerSecond = _tally.Accepted / seconds,
            AnsweredPerSecond = _tally.Answered / seconds,
            ArrivedPerSecond = (arrived - _arrivedBefore) / seconds,
            Duplicates = _tally.Duplicates,
            GivenUp = _tally.GivenUp,
            GroupRecords = _tally.Groups == 0 ? 0 : _tally.GroupedRecords / (double)_tally.Groups,
            Latency = _tally.Latency,
            RecordsInside = _tally.Seen / Math.Max(1, _tally.Looks),
            NodeProcessors = _nodes.Max(node => node.Busy) / seconds / _figures.NodeCores,
            DatabaseProcessors = _databases.Max(database => database.Processors.Busy) / seconds / (_cluster.IsOneMachine ? _figures.NodeCores : _figures.DatabaseCores),
            LogFlushes = _databases.Max(database => database.Log.Busy) / seconds,
            LogBandwidth = _databases.Max(database => database.Log.Writing) / seconds,
            RowWaits = _rows.Waited / seconds / lanes,
        };
    }

    // Where requests go as they are, records come by the request; where they are sorted first, by what goes to one database.
    private IEnumerable<RecordQueue> Queues()
    {
        int whole = _figures.RequestRecords;
        int part = Math.Max(1, (int)Math.Round(whole / _cluster.DatabasesOfRequest(whole)));
        switch (_cluster.Layout)
        {
            case Layout.PerDatabase:
                for (int node = 0; node < _cluster.Nodes; node++)
                {
                    for (int database = 0; database < _cluster.Databases; database++)
                        yield return new RecordQueue(node, database, node, _figures.LanesOf(_cluster.Layout)) { Together = part };
                }

                break;
            case Layout.Routed:
                for (int database = 0; database < _cluster.Databases; database++)
                {
                    for (int writer = 0; writer < Math.Min(_figures.Writers, _cluster.Nodes); writer++)
                    {
                        int node = ((database * _figures.Writers) + writer) % _cluster.Nodes;
                        yield return new RecordQueue(node, database, writer * _figures.Lanes, _figures.Lanes) { Together = part };
                    }
                }

                break;
            default:
                for (int node = 0; node < _cluster.Nodes; node++)
                    yield return new RecordQueue(node, _cluster.Layout == Layout.Single ? 0 : -1, node * _figures.Lanes, _figures.Lanes) { Together = whole };
                break;
        }
    }
}
