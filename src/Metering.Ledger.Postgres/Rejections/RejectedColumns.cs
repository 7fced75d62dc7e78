using System.Text;
using Npgsql;
using NpgsqlTypes;

namespace Metering.Ledger.Postgres;

/// <summary>Rejected records to be kept, column by column, sorted by owner.</summary>
internal sealed class RejectedColumns
{
    /// <summary>What a row and its entries in three indexes take beside its texts, about.</summary>
    public const int RowBytes = 160;

    private readonly int[] _owners;
    private readonly Guid[] _ids;
    private readonly long[] _received;
    private readonly Guid[] _requests;
    private readonly short[] _places;
    private readonly short[] _kinds;
    private readonly byte[][] _targets;
    private readonly byte[][] _uuids;
    private readonly byte[][] _keys;
    private readonly byte[][] _skus;
    private readonly long[] _quantities;
    private readonly bool[] _haveTimestamps;
    private readonly long[] _seconds;
    private readonly int[] _nanoseconds;
    private readonly short[] _reasons;
    private readonly int[] _accounts;
    private readonly short[] _differences;
    private readonly bool[] _areCut;
    private readonly int[] _bytes;

    /// <summary>Takes records, at least one, and gives each an id of its own.</summary>
    public RejectedColumns(IEnumerable<RejectedRecord> records)
    {
        RejectedRecord[] rows = [.. records.OrderBy(record => record.OwnerKey)];
        Records = rows.Length;
        _owners = Column(rows, row => row.OwnerKey);
        _received = Column(rows, row => row.ReceivedUnixNanoseconds);
        _ids = Column(rows, row => Guid.CreateVersion7(MeteringClock.ToDateTimeOffset(row.ReceivedUnixNanoseconds)));
        _requests = Column(rows, row => row.RequestId);
        _places = Column(rows, row => (short)row.Place);
        _kinds = Column(rows, row => (short)row.Kind);
        _targets = Column(rows, row => Encoding.UTF8.GetBytes(row.Target)); // bytes: a text of PostgreSQL cannot hold every character
        _uuids = Column(rows, row => Encoding.UTF8.GetBytes(row.Uuid));
        _keys = Column(rows, row => Encoding.UTF8.GetBytes(RejectedText.KeyOf(row.Uuid)));
        _skus = Column(rows, row => Encoding.UTF8.GetBytes(row.SkuId));
        _quantities = Column(rows, row => row.Quantity);
        _haveTimestamps = Column(rows, row => row.HasTimestamp);
        _seconds = Column(rows, row => row.TimestampSeconds);
        _nanoseconds = Column(rows, row => row.TimestampNanoseconds);
        _reasons = Column(rows, row => (short)row.Reason);
        _accounts = Column(rows, row => row.AccountKey);
        _differences = Column(rows, row => (short)row.Differences);
        _areCut = Column(rows, row => row.IsCut);
        _bytes = new int[rows.Length];
        for (int row = 0; row < rows.Length; row++)
        {
            _bytes[row] = RowBytes + _targets[row].Length + _uuids[row].Length + (2 * _keys[row].Length) + _skus[row].Length;
            Bytes += _bytes[row];
        }
    }

    /// <summary>How many.</summary>
    public int Records { get; }

    /// <summary>What they take, about, in bytes.</summary>
    public long Bytes { get; }

    /// <summary>The columns, in the order of <see cref="RejectedStatements.Keep"/>.</summary>
    public IEnumerable<NpgsqlParameter> Parameters() =>
    [
        Array(_owners, NpgsqlDbType.Integer), Array(_ids, NpgsqlDbType.Uuid), Array(_received, NpgsqlDbType.Bigint),
        Array(_requests, NpgsqlDbType.Uuid), Array(_places, NpgsqlDbType.Smallint), Array(_kinds, NpgsqlDbType.Smallint),
        Array(_targets, NpgsqlDbType.Bytea), Array(_uuids, NpgsqlDbType.Bytea), Array(_keys, NpgsqlDbType.Bytea),
        Array(_skus, NpgsqlDbType.Bytea), Array(_quantities, NpgsqlDbType.Bigint), Array(_haveTimestamps, NpgsqlDbType.Boolean),
        Array(_seconds, NpgsqlDbType.Bigint), Array(_nanoseconds, NpgsqlDbType.Integer), Array(_reasons, NpgsqlDbType.Smallint),
        Array(_accounts, NpgsqlDbType.Integer), Array(_differences, NpgsqlDbType.Smallint), Array(_areCut, NpgsqlDbType.Boolean),
        Array(_bytes, NpgsqlDbType.Integer),
    ];

    private static T[] Column<T>(RejectedRecord[] rows, Func<RejectedRecord, T> value) => System.Array.ConvertAll(rows, row => value(row));

    private static NpgsqlParameter<T[]> Array<T>(T[] values, NpgsqlDbType type) => new() { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type };
}
