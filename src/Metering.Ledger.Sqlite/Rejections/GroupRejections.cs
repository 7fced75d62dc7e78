using System.Runtime.InteropServices;

namespace Metering.Ledger.Sqlite;

/// <summary>The rejected records of one group commit. A group without any costs nothing.</summary>
internal sealed class GroupRejections(RejectedRows rows)
{
    private const int FullRow = 64 * 1024; // where the next row begins: a page of rejections reads whole rows

    private readonly List<RejectedWriter> _writers = [new RejectedWriter()];
    private int _used; // the last of them that has records, and 1 more

    /// <summary>Adds the rejected records of a judged request, but no duplicates: those that are the same were counted, and the
    /// others are kept once somebody has compared them.</summary>
    public void Add(UsageWrite write, int rejected)
    {
        if (_used == 0)
            _used = 1;
        else if (_writers[_used - 1].Bytes >= FullRow && _used++ == _writers.Count)
            _writers.Add(new RejectedWriter());
        _writers[_used - 1].Add(write, rejected);
    }

    /// <summary>Adds everything to the tables, within the caller's transaction.</summary>
    public void Store()
    {
        if (_used > 0)
            rows.Add(CollectionsMarshal.AsSpan(_writers)[.._used]);
    }

    /// <summary>Forgets everything that was added.</summary>
    public void Clear()
    {
        for (; _used > 0; _used--)
            _writers[_used - 1].Clear();
    }
}
