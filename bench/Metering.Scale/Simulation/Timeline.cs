namespace Metering.Scale;

/// <summary>What happens next, in the order of time; at one moment in the order in which it was said.</summary>
internal sealed class Timeline
{
    private readonly PriorityQueue<Happening, Moment> _queue = new();
    private long _said;

    /// <summary>The time that it is, in seconds.</summary>
    public double Now { get; private set; }

    /// <summary>Says that something will happen.</summary>
    public void At(double time, Happening happening) => _queue.Enqueue(happening, new Moment(Math.Max(time, Now), _said++));

    /// <summary>Goes on to what happens next, if it does before an end.</summary>
    public bool TryNext(double end, out Happening happening)
    {
        if (!_queue.TryPeek(out happening, out Moment moment) || moment.Time > end)
            return false;
        _queue.Dequeue();
        Now = moment.Time;
        return true;
    }

    private readonly record struct Moment(double Time, long Order) : IComparable<Moment>
    {
        public int CompareTo(Moment other) => Time != other.Time ? Time.CompareTo(other.Time) : Order.CompareTo(other.Order);
    }
}

/// <summary>What kind of thing happens.</summary>
internal enum Happens
{
    RecordsArrive,
    LaneIsFree,
    GroupIsStaged,
    PartArrives,
    PartIsWritten,
    GroupCommits,
    PartIsPrepared,
    GroupIsDecided,
    PartIsDurable,
    GroupIsAnswered,
    RecordsAreRepeated,
    SomethingFails,
    LookAround,
}

/// <summary>Something that happens, to a group, a queue or a database.</summary>
internal readonly record struct Happening(Happens What, Group? Group = null, int Database = 0, int Queue = 0, Batch Batch = default);
