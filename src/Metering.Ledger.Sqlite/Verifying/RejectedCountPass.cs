using System.Runtime.InteropServices;

namespace Metering.Ledger.Sqlite;

/// <summary>The counts of rejections that one pass of a verification looks at: a share of all, so that they fit into memory.</summary>
/// <remarks>
/// A count is never less than the rejected records that are kept of it. Both are equal, but for duplicates, where nothing of an hour
/// can have been dropped: rows are dropped in the order of their commits, and no request waits for its commit for an hour; so two
/// hours after the oldest that is kept. An operator who sets the clock back mixes the hours up, and then only the first holds.
/// </remarks>
internal sealed class RejectedCountPass(int pass, int passes)
{
    private const int HoursUnsure = 2;

    private readonly Dictionary<Key, long> _kept = [];
    private long _wholeFromHour = long.MaxValue;

    /// <summary>Every row could be read.</summary>
    public bool IsWhole { get; set; } = true;

    /// <summary>Adds a rejected record that is kept. They come in the order of their commits.</summary>
    public void Add(RejectedRecord record)
    {
        long hour = HourRange.HourOf(record.ReceivedUnixNanoseconds);
        // A duplicate is kept once it was compared, perhaps long after it was counted.
        if (_wholeFromHour == long.MaxValue && record.Reason != Verdict.Duplicate)
            _wholeFromHour = hour + HoursUnsure;
        var key = new Key(record.OwnerKey, record.Reason, hour);
        if (IsOfThisPass(key))
            CollectionsMarshal.GetValueRefOrAddDefault(_kept, key, out _)++;
    }

    /// <summary>Compares with the counts, and tells of each that is another.</summary>
    public void Compare(Database database, Action<string> tell)
    {
        if (!IsWhole || database.QueryNumber("SELECT count(*) FROM clock_set_back") > 0)
            _wholeFromHour = long.MaxValue;
        using Statement rows = database.Prepare("SELECT owner, reason, hour, records FROM hour_rejection");
        while (rows.Step())
        {
            var key = new Key((int)rows.Number(0), (Verdict)rows.Number(1), rows.Number(2));
            if (!IsOfThisPass(key))
                continue;
            _kept.Remove(key, out long kept);
            long counted = rows.Number(3);
            if (kept > counted || (kept < counted && key.Reason != Verdict.Duplicate && key.Hour >= _wholeFromHour))
                tell($"{Name(key)} is {counted}, but {kept} rejected records of it are kept.");
        }

        foreach ((Key key, long kept) in _kept)
            tell($"{Name(key)} is missing, but {kept} rejected records of it are kept.");
    }

    private static string Name(Key key) =>
        $"The count of rejections of owner {key.Owner}, reason {key.Reason}, hour {key.Hour} ({DateTimeOffset.UnixEpoch.AddHours(key.Hour):yyyy-MM-dd HH}:00Z)";

    private bool IsOfThisPass(Key key) => passes == 1 || (uint)HashCode.Combine(key.Owner, key.Reason, key.Hour) % (uint)passes == pass;

    private readonly record struct Key(int Owner, Verdict Reason, long Hour);
}
