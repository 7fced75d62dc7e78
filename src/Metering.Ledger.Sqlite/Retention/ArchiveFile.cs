using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// Reads an archive, which is not trusted: whatever it holds, the outcome is what was written or an
/// <see cref="ArchiveDamageException"/> that names the file, the place and what is wrong. Needs no ledger.
/// </summary>
internal sealed class ArchiveFile : IDisposable
{
    private const int PartBytes = 1024 * 1024;
    private const long SectionBytesMaximum = 1L << 30; // names and totals are read as a whole

    private readonly SafeFileHandle _file;

    private ArchiveFile(string path, SafeFileHandle file)
    {
        Path = path;
        _file = file;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>What it says of itself.</summary>
    public ArchiveHeader Header { get; private set; }

    /// <summary>Opens a file and reads its header.</summary>
    /// <exception cref="ArchiveDamageException">It is no archive, or has not the length that it should.</exception>
    public static ArchiveFile Open(string path)
    {
        ArchiveFile? archive = null;
        try
        {
            archive = new ArchiveFile(path, File.OpenHandle(path));
            archive.ReadHeader();
            return archive;
        }
        catch (Exception fault)
        {
            archive?.Dispose();
            if (fault is IOException or UnauthorizedAccessException)
                throw new ArchiveDamageException(path, fault.Message, fault);
            throw;
        }
    }

    /// <summary>
    /// SHA-256 of the whole file, which the ledger knows it by. The one of everything before that the file ends with is
    /// checked on the way.
    /// </summary>
    /// <exception cref="ArchiveDamageException">It is not.</exception>
    public byte[] ReadSha256(CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] part = new byte[PartBytes];
        for (long start = 0; start < Header.EndStart; start += PartBytes)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Span<byte> bytes = part.AsSpan(0, (int)Math.Min(PartBytes, Header.EndStart - start));
            ReadFully(bytes, start);
            hash.AppendData(bytes);
        }

        byte[] end = new byte[SHA256.HashSizeInBytes];
        ReadFully(end, Header.EndStart);
        if (!hash.GetCurrentHash().AsSpan().SequenceEqual(end))
            throw Damage("its bytes do not give the checksum (SHA-256) at its end");
        hash.AppendData(end);
        return hash.GetCurrentHash();
    }

    /// <summary>The catalog's objects that the records name, by key.</summary>
    /// <exception cref="ArchiveDamageException">They are not what was written.</exception>
    public Dictionary<int, CatalogObject> ReadNames()
    {
        ReadOnlySpan<byte> bytes = ReadSection(Header.NamesStart, Header.NameBytes, "names");
        var names = new Dictionary<int, CatalogObject>();
        while (!bytes.IsEmpty)
        {
            int length = bytes.Length < ArchiveHeader.NameHeadBytes ? -1 : BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]);
            if (length < 0 || length > bytes.Length - ArchiveHeader.NameHeadBytes)
                throw Damage("its names end too early");
            int key = BinaryPrimitives.ReadInt32LittleEndian(bytes);
            var kind = (CatalogKind)BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
            try
            {
                string body = System.Text.Encoding.UTF8.GetString(bytes.Slice(ArchiveHeader.NameHeadBytes, length));
                names[key] = CatalogBodies.Read(key, kind, body);
            }
            catch (StoreException fault)
            {
                throw new ArchiveDamageException(Path, $"the name with key {key} is unreadable", fault);
            }

            bytes = bytes[(ArchiveHeader.NameHeadBytes + length)..];
        }

        return names;
    }

    /// <summary>The sums of the records, sorted by owner, SKU and hour.</summary>
    /// <exception cref="ArchiveDamageException">They are not what was written.</exception>
    public List<HourTotal> ReadTotals()
    {
        ReadOnlySpan<byte> bytes = ReadSection(Header.TotalsStart, Header.Totals * ArchiveHeader.TotalBytes, "totals");
        var totals = new List<HourTotal>();
        for (; !bytes.IsEmpty; bytes = bytes[ArchiveHeader.TotalBytes..])
        {
            totals.Add(new HourTotal(
                BinaryPrimitives.ReadInt32LittleEndian(bytes),
                BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]),
                BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]),
                BinaryPrimitives.ReadInt128BigEndian(bytes[16..]),
                BinaryPrimitives.ReadInt64LittleEndian(bytes[32..])));
        }

        return totals;
    }

    /// <summary>The batches, from the first on.</summary>
    public ArchiveCursor Batches() => new(this, Header.BatchesStart, Header.FirstBatch);

    /// <summary>Whether this batch seems to begin here.</summary>
    public bool HasBatchAt(long offset, long number)
    {
        if (offset < Header.BatchesStart || offset > Header.EndStart - ArchiveHeader.BatchHeadBytes)
            return false;
        Span<byte> head = stackalloc byte[sizeof(long)];
        ReadFully(head, offset);
        return BinaryPrimitives.ReadInt64LittleEndian(head) == number;
    }

    /// <summary>Fills the buffer.</summary>
    /// <exception cref="ArchiveDamageException">The file ends before, or the disk fails.</exception>
    public void ReadFully(Span<byte> buffer, long start)
    {
        while (!buffer.IsEmpty)
        {
            int read;
            try
            {
                read = RandomAccess.Read(_file, buffer, start);
            }
            catch (IOException fault)
            {
                throw new ArchiveDamageException(Path, fault.Message, fault);
            }

            if (read == 0)
                throw Damage("it ends too early");
            buffer = buffer[read..];
            start += read;
        }
    }

    /// <summary>What to throw when the file is not what it must be.</summary>
    public ArchiveDamageException Damage(string what) => new(Path, what);

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private void ReadHeader()
    {
        Span<byte> bytes = stackalloc byte[ArchiveHeader.Bytes];
        ReadFully(bytes, 0);
        if (!ArchiveHeader.TryRead(bytes, out ArchiveHeader header))
            throw Damage("its header is none that this program knows");
        Header = header;
        long length = RandomAccess.GetLength(_file);
        if (header.NameBytes > SectionBytesMaximum || header.Totals > SectionBytesMaximum / ArchiveHeader.TotalBytes
            || length != header.FileBytes)
        {
            throw Damage($"it has {length} bytes, which is not the length that its header gives");
        }
    }

    private ReadOnlySpan<byte> ReadSection(long start, long length, string name)
    {
        byte[] bytes = new byte[length + ArchiveHeader.ChecksumBytes];
        ReadFully(bytes, start);
        ReadOnlySpan<byte> section = bytes.AsSpan(0, (int)length);
        return BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan((int)length)) == Crc32C.Of(section)
            ? section
            : throw Damage($"the checksum of its {name} does not fit");
    }
}
