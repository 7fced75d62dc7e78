using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// SHA-256 over records in canonical order, each as one line of text: uuid, product instance, billing account, SKU, quantity and
/// timestamp, with commas between and a line feed at the end (docs/statements.md).
/// </summary>
internal sealed class StatementDigest : IDisposable
{
    private const int UuidBytes = 36;
    private const int NumberBytes = 20;
    private const int FlushBytes = 64 * 1024;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Dictionary<RecordSeries, byte[]> _names = new(ReferenceEqualityComparer.Instance);
    private readonly MomentText _timestamps = new();
    private readonly byte[] _lines = new byte[2 * FlushBytes];
    private int _length;

    /// <summary>Adds the next record.</summary>
    public void Add(in StatementRecord record)
    {
        if (!_names.TryGetValue(record.Series, out byte[]? names))
        {
            RecordSeries series = record.Series;
            _names[series] = names = Encoding.UTF8.GetBytes($",{series.InstanceId},{series.BillingAccountId},{series.SkuId},");
        }

        if (_lines.Length - _length < UuidBytes + names.Length + NumberBytes + MomentText.BytesAtMost + 2)
            Flush();
        Encoding.UTF8.GetBytes(RecordUuid.Format(record.Uuid), _lines.AsSpan(_length));
        _length += UuidBytes;
        names.CopyTo(_lines, _length);
        _length += names.Length;
        Utf8Formatter.TryFormat(record.Quantity, _lines.AsSpan(_length), out int digits);
        _length += digits;
        _lines[_length++] = (byte)',';
        _length += _timestamps.Write(record.TimestampUnixNanoseconds, _lines.AsSpan(_length));
        _lines[_length++] = (byte)'\n';
    }

    /// <summary>The digest, in lower-case hexadecimal digits.</summary>
    public string Finish()
    {
        Flush();
        return Convert.ToHexStringLower(_hash.GetHashAndReset());
    }

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();

    private void Flush()
    {
        _hash.AppendData(_lines, 0, _length);
        _length = 0;
    }
}
