namespace Metering.Ledger.Sqlite;

/// <summary>Reads a column of the catalog's keys.</summary>
internal ref struct KeyColumnReader
{
    private readonly PackedBlock _entries;
    private ColumnReader _places;

    /// <summary>Checks that the column that comes next is whole, and leaves the body behind it.</summary>
    public KeyColumnReader(scoped ref BodyReader body, int count, string name)
    {
        body.Part = name;
        ulong entries = body.TakeUnsigned();
        if (entries == 0 || entries > (ulong)count)
            throw body.Damage($"{entries} different keys stand for {count}");
        _entries = new PackedBlock(ref body, (int)entries);
        _places = new ColumnReader(ref body, count, name);
    }

    /// <summary>Passes keys over; there must be so many.</summary>
    public void Skip(int count) => _places.Skip(count);

    /// <summary>The next key; there must be one.</summary>
    public int Next()
    {
        long place = _places.Next();
        if (place < 0 || place >= _entries.Count)
            throw _places.Damage($"a key is number {place} of {_entries.Count}");
        long key = _entries[(int)place];
        return key is >= 0 and <= int.MaxValue ? (int)key : throw _places.Damage($"a key is {key}");
    }
}
