namespace Metering.Scale;

/// <content>What happens when a node or a primary is lost.</content>
internal sealed partial class SimulatedCluster
{
    private void Fail()
    {
        if (_cluster.Failure == Failure.PrimaryLost)
            _databases[0].Fail(Now, _figures.FailoverSeconds);
        else
            LoseNode(0);
    }

    // A group that has to do with a database that is away is taken back whole: its senders hear UNAVAILABLE and repeat, until the
    // database is back. The lane has nothing better to do than to wait with them.
    private bool IsLost(Group group, Database database)
    {
        if (!database.IsAway(Now))
            return false;
        GiveUp(group);
        RecordQueue queue = _queues[group.Queue];
        for (int batch = group.Batches.Count - 1; batch >= 0; batch--)
            queue.Return(group.Batches[batch], isFirst: true);
        _timeline.At(database.BackAt, new Happening(Happens.LaneIsFree, Queue: group.Queue, Database: group.Lane));
        return true;
    }

    private void GiveUp(Group group)
    {
        group.IsGone = true;
        _underWay.Remove(group);
        _tally.GivenUp += group.Records;
        ReleaseRows(group);
    }

    private void LoseNode(int node)
    {
        foreach (RecordQueue queue in _queues.Where(queue => queue.Node == node))
        {
            double rate = queue.Rate;
            queue.Die(Now, _chance);
            RecordQueue[] heirs = [.. HeirsOf(queue)];
            foreach (RecordQueue heir in heirs)
                heir.SetRate(heir.Rate + (rate / heirs.Length), Now, _chance);
        }

        foreach (RecordQueue queue in _queues.Where(queue => queue.IsDead))
        {
            foreach (Batch batch in queue.Take(long.MaxValue))
                RepeatElsewhere(Array.IndexOf(_queues, queue), batch);
        }

        // What was committing goes on at the database, which knows nothing of the node's end; the rest is rolled back.
        foreach (Group group in _underWay.Where(group => _queues[group.Queue].IsDead && !group.HasRows && !group.IsDecided).ToList())
        {
            GiveUp(group);
            foreach (Batch batch in group.Batches)
                RepeatElsewhere(group.Queue, batch);
        }
    }

    private void RepeatElsewhere(int number, Batch batch)
    {
        RecordQueue[] heirs = [.. HeirsOf(_queues[number])];
        _repeating += batch.IsCounted ? 0 : batch.Records;
        _repeatingAll += batch.Records;
        int heir = Array.IndexOf(_queues, heirs[_chance.Below(heirs.Length)]);
        _timeline.At(Now + _figures.RetrySeconds, new Happening(Happens.RecordsAreRepeated, Queue: heir, Batch: batch));
    }

    private IEnumerable<RecordQueue> HeirsOf(RecordQueue queue) =>
        _queues.Where(other => other.Database == queue.Database && other.Node != queue.Node && !other.IsDead);
}
