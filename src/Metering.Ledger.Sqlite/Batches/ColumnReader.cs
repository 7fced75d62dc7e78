namespace Metering.Ledger.Sqlite;

/// <summary>Reads a column of a batch, value by value, from the body as it is: nothing is unpacked ahead.</summary>
internal ref struct ColumnReader
{
    private BodyReader _body;
    private PackedBlock _block;
    private int _place;
    private int _left; // beyond the block

    /// <summary>Checks that the column that comes next is whole, and leaves the body behind it.</summary>
    /// <param name="body">The body, at the column.</param>
    /// <param name="count">The values that the column must have.</param>
    /// <param name="name">What it holds, for messages.</param>
    public ColumnReader(scoped ref BodyReader body, int count, string name)
    {
        body.Part = name;
        _body = body;
        _left = count;
        for (int left = count; left > 0; left -= PackedBlock.Values)
            _ = new PackedBlock(ref body, Math.Min(left, PackedBlock.Values));
    }

    /// <summary>Passes values over, whole blocks at a time; there must be so many.</summary>
    public void Skip(int count)
    {
        while (count > _block.Count - _place)
        {
            count -= _block.Count - _place;
            NextBlock();
        }

        _place += count;
    }

    /// <summary>The next value; there must be one.</summary>
    public long Next()
    {
        if (_place == _block.Count)
            NextBlock();
        return _block[_place++];
    }

    /// <summary>What to throw when the value that was read cannot be.</summary>
    public readonly StoreException Damage(string what) => _body.Damage(what);

    private void NextBlock()
    {
        _block = new PackedBlock(ref _body, Math.Min(_left, PackedBlock.Values));
        _left -= _block.Count;
        _place = 0;
    }
}
