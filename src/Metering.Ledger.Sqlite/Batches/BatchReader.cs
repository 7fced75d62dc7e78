using System.Buffers.Binary;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// Reads a stored batch of any version, record by record. The body is not trusted: whatever it holds, the outcome is the
/// records that were written or a <see cref="StoreException"/> that names the batch, the place and what is wrong.
/// </summary>
internal ref struct BatchReader
{
    private readonly bool _isColumnar;
    private RecordwiseReader _recordwise;
    private ColumnarReader _columnar;

    /// <summary>Checks the checksum and the version.</summary>
    /// <param name="number">The batch's number.</param>
    /// <param name="records">The number of records that the row promises.</param>
    /// <param name="row">The row's bytes.</param>
    public BatchReader(long number, long records, ReadOnlySpan<byte> row)
    {
        if (row.Length <= BatchBody.ChecksumBytes)
            throw Damage(number, $"it has only {row.Length} bytes");
        ReadOnlySpan<byte> bytes = row[..^BatchBody.ChecksumBytes];
        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(row[^BatchBody.ChecksumBytes..]);
        uint computed = Crc32C.OfBatch(number, bytes);
        if (stored != computed)
            throw Damage(number, $"its checksum is {stored:x8}, but its bytes give {computed:x8}");
        var body = new BodyReader(number, bytes);
        byte version = body.TakeByte();
        switch (version)
        {
            case BatchBody.Recordwise:
                _recordwise = new RecordwiseReader(body, records);
                break;
            case BatchBody.Columnar:
                _columnar = new ColumnarReader(body, records);
                _isColumnar = true;
                break;
            default:
                throw Damage(number, $"its encoding has version {version}, which this program does not know");
        }
    }

    /// <summary>Goes to the next record; false after the last.</summary>
    public bool Next(out CountedRecord record) => _isColumnar ? _columnar.Next(out record) : _recordwise.Next(out record);

    /// <summary>Uuids of the records that are left, 16 bytes each, big-endian; none in a version that does not keep them together.</summary>
    public readonly ReadOnlySpan<byte> Uuids => _isColumnar ? _columnar.Uuids : default;

    /// <summary>Passes records over, of which there must be so many; whole requests take hardly any time.</summary>
    public void Skip(int records)
    {
        if (_isColumnar)
        {
            _columnar.Skip(records);
            return;
        }

        while (records-- > 0 && _recordwise.Next(out _))
        {
        }
    }

    /// <summary>When a batch's first record was received, from the first bytes of its row; nothing is proven.</summary>
    /// <param name="number">The batch's number.</param>
    /// <param name="head">As many bytes as there are, up to 64.</param>
    public static long FirstReception(long number, ReadOnlySpan<byte> head)
    {
        var body = new BodyReader(number, head);
        byte version = body.TakeByte();
        switch (version)
        {
            case BatchBody.Recordwise:
                body.TakeUnsigned(); // owner
                body.TakeUnsigned(); // account
                body.Take(BatchBody.UuidBytes); // request
                return body.TakeSigned();
            case BatchBody.Columnar:
                body.TakeUInt32(); // records
                body.TakeUInt32(); // requests
                return body.TakeInt64();
            default:
                throw Damage(number, $"its encoding has version {version}, which this program does not know");
        }
    }

    /// <summary>What to throw when a batch is not what it must be.</summary>
    public static StoreException Damage(long number, string what) =>
        new($"Batch {number} is damaged: {what}. Restore the ledger from a backup.");
}
