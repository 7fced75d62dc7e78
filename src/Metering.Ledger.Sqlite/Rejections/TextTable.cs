namespace Metering.Ledger.Sqlite;

/// <summary>Texts by number, each kept once however often it comes. Nothing is allocated once it has its size.</summary>
internal sealed class TextTable
{
    private readonly GrowingBytes _texts = new(4096);
    private readonly List<(int Start, int Length, uint Hash)> _places = [];
    private int[] _slots = new int[256]; // number of a text and 1 more; 0 is free; at least twice as many as texts

    /// <summary>Texts in the table.</summary>
    public int Count => _places.Count;

    /// <summary>Bytes of all of them.</summary>
    public int Bytes => _texts.Length;

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        _texts.Clear();
        _places.Clear();
        Array.Clear(_slots);
    }

    /// <summary>The number of a text, which is added if it is new.</summary>
    public uint NumberOf(ReadOnlySpan<byte> text)
    {
        uint hash = Crc32C.Of(text);
        int slot = FindSlot(text, hash);
        if (_slots[slot] > 0)
            return (uint)_slots[slot] - 1;
        if (_places.Count * 2 >= _slots.Length)
        {
            Grow();
            slot = FindSlot(text, hash);
        }

        _places.Add((_texts.Length, text.Length, hash));
        _texts.Put(text);
        _slots[slot] = _places.Count;
        return (uint)_places.Count - 1;
    }

    /// <summary>A text by its number.</summary>
    public ReadOnlySpan<byte> Text(int number) => _texts.Written.Slice(_places[number].Start, _places[number].Length);

    private int FindSlot(ReadOnlySpan<byte> text, uint hash)
    {
        int slot = (int)(hash % (uint)_slots.Length);
        while (_slots[slot] > 0 && !(_places[_slots[slot] - 1].Hash == hash && Text(_slots[slot] - 1).SequenceEqual(text)))
            slot = (slot + 1) % _slots.Length;
        return slot;
    }

    private void Grow()
    {
        _slots = new int[_slots.Length * 2];
        for (int number = 0; number < _places.Count; number++)
            _slots[FindSlot(Text(number), _places[number].Hash)] = number + 1;
    }
}
