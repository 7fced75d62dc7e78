namespace Metering.Faults;

/// <summary>Which records a client sends next.</summary>
internal interface IRecordSource
{
    /// <summary>The next ones, at most as many as a request may have; null when this client has sent everything.</summary>
    UInt128[]? Next(int client, Random random);
}

/// <summary>New records without end, and among them some that are counted already.</summary>
internal sealed class NewRecords(WrittenRecords written) : IRecordSource
{
    private const int New = 22;
    private const int Old = 3;

    public UInt128[] Next(int client, Random random) =>
        [.. Enumerable.Range(0, New).Select(_ => WrittenRecords.NewUuid(random)), .. written.SomeConfirmed(random, Old)];
}

/// <summary>The same records for every client, in an order of its own.</summary>
internal sealed class SameRecords : IRecordSource
{
    private const int RecordsPerWrite = 25;

    private readonly Queue<UInt128[]>[] _left;

    public SameRecords(int records, int clients, Random random)
    {
        All = [.. Enumerable.Range(0, records).Select(_ => WrittenRecords.NewUuid(random))];
        _left = [.. Enumerable.Range(0, clients).Select(_ =>
        {
            UInt128[] order = [.. All];
            random.Shuffle(order);
            return new Queue<UInt128[]>(order.Chunk(RecordsPerWrite));
        })];
    }

    public IReadOnlyList<UInt128> All { get; }

    public UInt128[]? Next(int client, Random random) => _left[client].TryDequeue(out UInt128[]? next) ? next : null;
}

/// <summary>Records out of a window that all clients share, which moves on slowly: whoever writes meets the others, always.</summary>
internal sealed class OverlappingRecords(int seed) : IRecordSource
{
    private const int RecordsPerWrite = 25;
    private const int WindowRecords = 400;
    private const int StepRecords = 3; // a request: each record is sent eight times or so

    private readonly List<UInt128> _window = [];
    private readonly Random _new = new(seed);

    public UInt128[] Next(int client, Random random)
    {
        lock (_window)
        {
            _window.RemoveRange(0, Math.Min(_window.Count, StepRecords));
            while (_window.Count < WindowRecords)
                _window.Add(WrittenRecords.NewUuid(_new));
            return [.. Enumerable.Range(0, RecordsPerWrite).Select(_ => _window[random.Next(WindowRecords)]).Distinct()];
        }
    }
}
