using System.Runtime.InteropServices;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// Goes through a table's entries in the order of their keys. What lies before a free slot belongs before it, and what
/// lies after it belongs after it; so it is enough to sort each stretch without a free slot by itself, and these are short.
/// </summary>
internal sealed class KeyTableCursor : ISortedEntries
{
    private const int LongStretch = 64;

    private readonly KeyTable _table;
    private readonly List<IndexEntry> _stretch = [];
    private readonly List<IndexEntry> _wrapped = []; // from the last stretch, around the table's end into its beginning
    private ulong _slot;
    private int _position;

    /// <summary>Begins before the first entry.</summary>
    public KeyTableCursor(KeyTable table)
    {
        _table = table;
        for (; !IsFree(_slot); _slot++)
        {
            IndexEntry entry = table.At(_slot);
            (table.Home(entry.Key) > _slot ? _wrapped : _stretch).Add(entry);
        }

        Sort();
    }

    /// <inheritdoc/>
    public bool Next(out IndexEntry entry)
    {
        while (_position == _stretch.Count)
        {
            if (!NextStretch())
            {
                entry = default;
                return false;
            }
        }

        entry = _stretch[_position++];
        return true;
    }

    private bool NextStretch()
    {
        _stretch.Clear();
        _position = 0;
        while (_slot < _table.Slots && IsFree(_slot))
            _slot++;
        if (_slot == _table.Slots && _wrapped.Count == 0)
            return false;
        for (; _slot < _table.Slots && !IsFree(_slot); _slot++)
            _stretch.Add(_table.At(_slot));
        if (_slot == _table.Slots)
        {
            _stretch.AddRange(_wrapped);
            _wrapped.Clear();
        }

        Sort();
        return true;
    }

    private void Sort()
    {
        if (_stretch.Count > LongStretch)
        {
            _stretch.Sort((one, other) => one.Key.CompareTo(other.Key));
            return;
        }

        // Few, and nearly in order: each moves before those that are greater.
        Span<IndexEntry> stretch = CollectionsMarshal.AsSpan(_stretch);
        for (int place = 1; place < stretch.Length; place++)
        {
            IndexEntry entry = stretch[place];
            int before = place - 1;
            for (; before >= 0 && stretch[before].Key > entry.Key; before--)
                stretch[before + 1] = stretch[before];
            stretch[before + 1] = entry;
        }
    }

    private bool IsFree(ulong slot) => _table.KeyAt(slot) == UInt128.Zero;
}
