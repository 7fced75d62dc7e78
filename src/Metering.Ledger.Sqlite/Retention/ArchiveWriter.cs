using System.Buffers.Binary;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// Writes the file of an archive from its beginning to its end, under a temporary name, and the SHA-256 of all of it behind it.
/// </summary>
internal sealed class ArchiveWriter : IDisposable
{
    private readonly string _path;
    private readonly SafeFileHandle _file;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly PacedFile _output;

    private ArchiveWriter(string path)
    {
        _path = path;
        _file = File.OpenHandle(path, FileMode.Create, FileAccess.Write);
        _output = new PacedFile(_file, path);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(_file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    /// <summary>Writes a whole file and makes it durable; its name is the caller's to give.</summary>
    /// <param name="path">A temporary name; what has it is written over.</param>
    /// <param name="header">What it is to hold.</param>
    /// <param name="names">The catalog's objects that the records name.</param>
    /// <param name="totals">Sums of the records, sorted.</param>
    /// <param name="batches">The batches, all of them.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="IOException">The disk is full, or fails.</exception>
    public static void Write(
        string path, ArchiveHeader header, IEnumerable<ArchiveName> names, IEnumerable<HourTotal> totals, IBatches batches,
        CancellationToken cancellationToken)
    {
        using var writer = new ArchiveWriter(path);
        Span<byte> head = stackalloc byte[ArchiveHeader.Bytes];
        header.Write(head);
        writer.Put(head);
        writer.PutSection(names.Select(BytesOf));
        writer.PutSection(totals.Select(BytesOf));
        while (batches.Next())
        {
            cancellationToken.ThrowIfCancellationRequested();
            writer.PutBatch(batches);
        }

        writer.Finish(header);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file.Dispose();
        _hash.Dispose();
    }

    private static byte[] BytesOf(ArchiveName name)
    {
        byte[] bytes = new byte[ArchiveHeader.NameHeadBytes + name.Body.Length];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, name.Key);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), (int)name.Kind);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), name.Body.Length);
        name.Body.CopyTo(bytes, ArchiveHeader.NameHeadBytes);
        return bytes;
    }

    private static byte[] BytesOf(HourTotal total)
    {
        byte[] bytes = new byte[ArchiveHeader.TotalBytes];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, total.OwnerKey);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), total.SkuKey);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), total.Hour);
        BinaryPrimitives.WriteInt128BigEndian(bytes.AsSpan(16), total.Quantity);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(32), total.Records);
        return bytes;
    }

    private void PutSection(IEnumerable<byte[]> parts)
    {
        uint crc = Crc32C.Begin();
        foreach (byte[] part in parts)
        {
            crc = Crc32C.Append(crc, part);
            Put(part);
        }

        Span<byte> checksum = stackalloc byte[ArchiveHeader.ChecksumBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(checksum, Crc32C.End(crc));
        Put(checksum);
    }

    private void PutBatch(IBatches batches)
    {
        Span<byte> head = stackalloc byte[ArchiveHeader.BatchHeadBytes];
        BinaryPrimitives.WriteInt64LittleEndian(head, batches.Number);
        BinaryPrimitives.WriteInt32LittleEndian(head[8..], checked((int)batches.Records));
        BinaryPrimitives.WriteInt32LittleEndian(head[12..], batches.Body.Length);
        Put(head);
        Put(batches.Body);
    }

    private void Finish(ArchiveHeader header)
    {
        _output.WriteBuffer();
        if (_output.WrittenBytes != header.EndStart)
            throw new InvalidDataException($"an archive of {header.EndStart} bytes has {_output.WrittenBytes}");
        _output.Put(_hash.GetHashAndReset());
        _output.WriteBuffer();
        FileSync.Flush(_file, _path);
    }

    private void Put(ReadOnlySpan<byte> bytes)
    {
        _hash.AppendData(bytes);
        _output.Put(bytes);
    }
}
