using System.Numerics;
using System.Runtime.CompilerServices;

namespace Metering.Ledger.Sqlite;

/// <summary>Reads a column of ids of 16 bytes.</summary>
internal ref struct IdColumnReader
{
    private readonly ushort _differing;
    private readonly int _differingBytes;
    private ReadOnlySpan<byte> _rest;
    private Id _id;

    /// <summary>Checks that the column that comes next is whole, and leaves the body behind it.</summary>
    public IdColumnReader(scoped ref BodyReader body, int count, string name)
    {
        body.Part = name;
        _differing = (ushort)(body.TakeByte() | (body.TakeByte() << 8));
        _differingBytes = BitOperations.PopCount(_differing);
        Fill((ushort)~_differing, body.Take(BatchBody.UuidBytes - _differingBytes));
        _rest = body.Take((long)count * _differingBytes);
    }

    /// <summary>The next id; there must be one.</summary>
    public Guid Next()
    {
        Fill(_differing, _rest[.._differingBytes]);
        _rest = _rest[_differingBytes..];
        return new Guid(_id, bigEndian: true);
    }

    private void Fill(ushort mask, ReadOnlySpan<byte> bytes)
    {
        Span<byte> id = _id;
        int next = 0;
        for (uint places = mask; places != 0; places &= places - 1)
            id[BitOperations.TrailingZeroCount(places)] = bytes[next++];
    }

    [InlineArray(BatchBody.UuidBytes)]
    private struct Id
    {
        private byte _first;
    }
}
