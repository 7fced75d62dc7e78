namespace Metering.Scale;

/// <summary>Records that arrived evenly within some time.</summary>
/// <param name="From">Begin of that time, in seconds.</param>
/// <param name="To">Its end.</param>
/// <param name="Records">How many.</param>
/// <param name="IsCounted">The database counted them already, but their sender does not know.</param>
internal readonly record struct Batch(double From, double To, long Records, bool IsCounted = false);

/// <summary>Records that wait for a group, and the lanes that take them. While a lane is idle nothing waits.</summary>
internal sealed class RecordQueue(int node, int database, int firstLane, int lanes)
{
    private readonly LinkedList<Batch> _waiting = new();
    private double _drawnUntil;

    /// <summary>The node that it is on.</summary>
    public int Node { get; } = node;

    /// <summary>The database that its records belong to; -1 for all of them.</summary>
    public int Database { get; } = database;

    /// <summary>Records that arrive in a second.</summary>
    public double Rate { get; private set; }

    /// <summary>Records that arrive at one moment.</summary>
    public int Together { get; init; } = 1;

    /// <summary>Lanes that have nothing to do.</summary>
    public Stack<int> Idle { get; } = new(Enumerable.Range(firstLane, lanes).Reverse());

    /// <summary>Whether somebody will tell when the next record comes.</summary>
    public bool IsAwaited { get; set; }

    /// <summary>Records that wait.</summary>
    public long Waiting { get; private set; }

    /// <summary>Records that wait and are not counted yet.</summary>
    public long WaitingUncounted { get; private set; }

    /// <summary>Nobody works here any more.</summary>
    public bool IsDead { get; private set; }

    /// <summary>Records that have arrived in all, for the first time.</summary>
    public long Arrived { get; private set; }

    /// <summary>Lets arrive what arrived until now; nothing, while a lane waits for the next record.</summary>
    public void Draw(double now, Chance chance)
    {
        if (Idle.Count > 0)
        {
            _drawnUntil = now;
            return;
        }

        long records = chance.Poisson(Rate / Together * (now - _drawnUntil)) * Together;
        if (records > 0)
            Arrive(new Batch(_drawnUntil, now, records));
        _drawnUntil = now;
    }

    /// <summary>Lets arrive what was waited for.</summary>
    public void ArriveNow(double now)
    {
        _drawnUntil = now;
        Arrive(new Batch(now, now, Together));
    }

    /// <summary>Takes records in that were sent before, to somebody else or here.</summary>
    public void Return(Batch batch, bool isFirst)
    {
        Count(batch, 1);
        if (isFirst)
            _waiting.AddFirst(batch);
        else
            _waiting.AddLast(batch);
    }

    /// <summary>Takes out what waits longest, at most so many records.</summary>
    public List<Batch> Take(long most)
    {
        var taken = new List<Batch>();
        while (most > 0 && _waiting.First is { } first)
        {
            Batch batch = first.Value;
            _waiting.RemoveFirst();
            long records = Math.Min(batch.Records, most);
            if (records < batch.Records)
            {
                double middle = batch.From + ((batch.To - batch.From) * records / batch.Records);
                _waiting.AddFirst(batch with { From = middle, Records = batch.Records - records });
                batch = batch with { To = middle, Records = records };
            }

            Count(batch, -1);
            taken.Add(batch);
            most -= records;
        }

        return taken;
    }

    /// <summary>Changes how many records arrive from now on.</summary>
    public void SetRate(double rate, double now, Chance chance)
    {
        Draw(now, chance);
        Rate = rate;
    }

    /// <summary>Nothing arrives and nobody works any more.</summary>
    public void Die(double now, Chance chance)
    {
        SetRate(0, now, chance);
        IsDead = true;
    }

    private void Arrive(Batch batch)
    {
        Arrived += batch.Records;
        Count(batch, 1);
        _waiting.AddLast(batch);
    }

    private void Count(Batch batch, int sign)
    {
        Waiting += sign * batch.Records;
        WaitingUncounted += batch.IsCounted ? 0 : sign * batch.Records;
    }
}

/// <summary>Records that a lane commits together.</summary>
internal sealed class Group(int queue, int lane, List<Batch> batches)
{
    public int Queue { get; } = queue;

    public int Lane { get; } = lane;

    public List<Batch> Batches { get; } = batches;

    public long Records { get; } = batches.Sum(batch => batch.Records);

    /// <summary>Those of them that the database has not counted yet.</summary>
    public long Uncounted { get; } = batches.Where(batch => !batch.IsCounted).Sum(batch => batch.Records);

    /// <summary>When a lane took them.</summary>
    public double Begun { get; init; }

    /// <summary>Parts that have not come as far as the others.</summary>
    public int PartsLeft { get; set; }

    /// <summary>Which rows of totals it writes.</summary>
    public long Rows { get; set; }

    public bool HasRows { get; set; }

    public double WaitsSince { get; set; }

    /// <summary>Nothing can undo it any more.</summary>
    public bool IsDecided { get; set; }

    /// <summary>It was given up; what still happens to it has no meaning.</summary>
    public bool IsGone { get; set; }
}
