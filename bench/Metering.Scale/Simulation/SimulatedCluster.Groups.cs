namespace Metering.Scale;

/// <content>A group's way: staged on its node, written at its databases, committed, replicated, answered.</content>
internal sealed partial class SimulatedCluster
{
    private const double DecisionBytes = 200; // what the coordinator's commit record takes

    private void Begin(int number, int lane)
    {
        RecordQueue queue = _queues[number];
        var group = new Group(number, lane, queue.Take(_figures.GroupRecords)) { Begun = Now };
        _underWay.Add(group);
        int place = _cluster.HasGroupsOfOneDatabase ? queue.Database : 0;
        group.Rows = ((long)place * _figures.NodeNumbers) + (lane % _figures.NodeNumbers);
        double microseconds = _figures.NodeMicrosecondsPerRecord + (_cluster.Layout == Layout.Routed ? _figures.ForwardMicrosecondsPerRecord : 0);
        double staged = _nodes[queue.Node].ServeShared(Now, ((group.Records * microseconds) + _figures.NodeMicrosecondsPerGroup) / 1e6);
        _timeline.At(staged + (_cluster.Layout == Layout.Routed ? RoundTrip : 0), new Happening(Happens.GroupIsStaged, group));
    }

    private double RoundTrip => _figures.RoundTripMilliseconds / 1e3;

    private double Standby => _chance.LogNormal(_figures.ReplicationMilliseconds / 1e3, _figures.ReplicationSpread);

    private void Go(Happens what, Group group, int place)
    {
        Database database = _databases[place];
        switch (what)
        {
            case Happens.GroupIsStaged:
                Send(group);
                break;
            case Happens.PartArrives when !IsLost(group, database):
                _timeline.At(database.Work(Now, PartMicroseconds(group)), new Happening(Happens.PartIsWritten, group, place));
                break;
            case Happens.PartIsWritten when !IsLost(group, database) && --group.PartsLeft == 0:
                _timeline.At(Now, new Happening(Happens.GroupCommits, group)); // new records: their COMMIT came with them
                break;
            case Happens.GroupCommits when _rows.Take(group, Now):
                Commit(group);
                break;
            case Happens.PartIsPrepared when !IsLost(group, database) && --group.PartsLeft == 0:
                _timeline.At(_databases[CoordinatorOf(group)].Log.Write(Now, DecisionBytes) + Standby, new Happening(Happens.GroupIsDecided, group));
                break;
            case Happens.GroupIsDecided:
                Decide(group);
                Finish(group);
                break;
            case Happens.PartIsDurable when (group.IsDecided || !IsLost(group, database)) && --group.PartsLeft == 0:
                if (!group.IsDecided)
                    Decide(group);
                ReleaseRows(group);
                _timeline.At(Now + (RoundTrip / 2), new Happening(Happens.GroupIsAnswered, group));
                break;
            case Happens.GroupIsAnswered:
                Answer(group);
                break;
            default:
                break; // another part is still to come, or the group waits for its rows
        }
    }

    private void Send(Group group)
    {
        double arrives = Now + (RoundTrip / 2);
        if (IsTwoPhase)
        {
            double microseconds = (group.Records * _figures.CoordinatorMicrosecondsPerRecord) + _figures.DatabaseMicrosecondsPerTransaction;
            arrives = _databases[CoordinatorOf(group)].Work(Now, microseconds) + RoundTrip;
        }

        ForEachPart(group, database => _timeline.At(arrives, new Happening(Happens.PartArrives, group, database)));
    }

    private void Commit(Group group)
    {
        Happens next = IsTwoPhase ? Happens.PartIsPrepared : Happens.PartIsDurable;
        double bytes = group.Records * _figures.LogBytesPerRecord / PartsOf(group);
        ForEachPart(group, database => _timeline.At(_databases[database].Log.Write(Now, bytes) + Standby, new Happening(next, group, database)));
    }

    // The second phase: nothing undoes the group any more, and its rows stay locked until every database has heard.
    private void Finish(Group group) => ForEachPart(group, place =>
    {
        Database database = _databases[place];
        double worked = database.Work(Now, _figures.DatabaseMicrosecondsPerTransaction);
        double durable = Math.Max(worked, database.Log.Write(Now, DecisionBytes)) + Standby;
        _timeline.At(database.IsAway(Now) ? Math.Max(durable, database.BackAt) : durable, new Happening(Happens.PartIsDurable, group, place));
    });

    private void Decide(Group group)
    {
        group.IsDecided = true;
        _tally.Accepted += group.Uncounted;
    }

    private void Answer(Group group)
    {
        _underWay.Remove(group);
        if (_queues[group.Queue].IsDead)
        {
            foreach (Batch batch in group.Batches)
                RepeatElsewhere(group.Queue, batch with { IsCounted = true });
            return;
        }

        _tally.Groups++;
        _tally.GroupedRecords += group.Records;
        _tally.Answered += group.Records;
        _tally.Duplicates += group.Records - group.Uncounted;
        foreach (Batch batch in group.Batches)
            _tally.Latency.Add(Now - batch.To, Now - batch.From, batch.Records);
        _timeline.At(Now, new Happening(Happens.LaneIsFree, Queue: group.Queue, Database: group.Lane));
    }

    private void ReleaseRows(Group group)
    {
        if (_rows.Release(group, Now) is { } next)
            Commit(next);
    }

    private double PartMicroseconds(Group group)
    {
        double parts = PartsOf(group);
        return (group.Records / parts * _figures.DatabaseMicrosecondsPerRecord)
            + (_figures.TotalsOf(group.Records) / parts * _figures.DatabaseMicrosecondsPerTotal)
            + _figures.DatabaseMicrosecondsPerTransaction;
    }

    private int PartsOf(Group group) => _queues[group.Queue].Database < 0 ? _databases.Length : 1;

    private int CoordinatorOf(Group group) => _queues[group.Queue].Node % _databases.Length;

    private void ForEachPart(Group group, Action<int> part)
    {
        group.PartsLeft = PartsOf(group);
        if (_queues[group.Queue].Database is >= 0 and var only)
        {
            part(only);
            return;
        }

        for (int database = 0; database < _databases.Length; database++)
            part(database);
    }
}
