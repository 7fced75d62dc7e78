using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// Writes a run's file from entries that come in order, step by step, under a temporary name; only when it is
/// whole it gets its name.
/// </summary>
internal sealed class RunWriter : IDisposable
{
    /// <summary>What the name of a file ends with that is not whole.</summary>
    public const string TemporaryEnding = ".tmp";

    private const int FilterPartBytes = 256 * 1024; // put at once

    private readonly string _path;
    private readonly RunHeader _header;
    private readonly RunEntryCodec _codec;
    private readonly RunFilter _filter;
    private readonly uint[] _directory;
    private readonly SafeFileHandle _file;
    private readonly PacedFile _output;
    private byte[] _chunkBytes = new byte[8 * 1024];
    private int _chunk;
    private int _chunkLength;
    private uint _entries;
    private UInt128 _lastKey;
    private bool _isHandedOver;

    /// <summary>Begins the file that <see cref="Finish"/> gives the path.</summary>
    public RunWriter(string path, RunHeader header)
    {
        _path = path;
        _header = header;
        _codec = new RunEntryCodec(header);
        _directory = new uint[header.Chunks];
        _filter = new RunFilter(header.Entries);
        try
        {
            _file = File.OpenHandle(path + TemporaryEnding, FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        }
        catch
        {
            _filter.Dispose();
            throw;
        }

        _output = new PacedFile(_file, _path);
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(_file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Span<byte> bytes = stackalloc byte[RunHeader.Bytes];
        header.Write(bytes);
        _output.Put(bytes);
    }

    /// <summary>Bytes written to the file so far.</summary>
    public long WrittenBytes => _output.WrittenBytes;

    /// <summary>Adds an entry.</summary>
    /// <exception cref="InvalidDataException">It does not come after the one before: what it is made of is wrong.</exception>
    public void Add(IndexEntry entry)
    {
        if (entry.Key <= _lastKey)
            throw new InvalidDataException("keys of the index are not in order");
        _lastKey = entry.Key;
        int chunk = _codec.ChunkOf(entry.Key);
        while (_chunk < chunk)
            EndChunk();
        if (_chunkLength + _codec.EntryBytes + RunEntryCodec.SlackBytes > _chunkBytes.Length)
            Array.Resize(ref _chunkBytes, _chunkBytes.Length * 2);
        _codec.Write(ref _chunkBytes[_chunkLength], entry);
        _chunkLength += _codec.EntryBytes;
        _entries++;
        _filter.Add(entry.Key);
    }

    /// <summary>Ends the file, makes it durable and gives it its name: the run is whole.</summary>
    /// <param name="reached">Told of each step, for tests.</param>
    public Run Finish(Action<IndexStep>? reached)
    {
        if (_entries != _header.Entries)
            throw new InvalidDataException($"the index has {_entries} keys where {_header.Entries} were expected");
        while (_chunk < _header.Chunks)
            EndChunk();
        _filter.Finish();
        PutDirectory();
        PutFilter();
        Span<byte> footer = stackalloc byte[RunHeader.FooterBytes];
        _header.WriteFooter(footer);
        _output.Put(footer);
        _output.WriteBuffer();
        reached?.Invoke(IndexStep.Written);
        FileSync.Flush(_file, _path);
        File.Move(_path + TemporaryEnding, _path, overwrite: true);
        reached?.Invoke(IndexStep.Named);
        DirectorySync.Flush(Path.GetDirectoryName(_path)!);
        _isHandedOver = true;
        return new Run(_path, _header, _file, _directory, _filter);
    }

    /// <summary>Gives up what was not finished.</summary>
    public void Dispose()
    {
        if (_isHandedOver)
            return;
        _isHandedOver = true;
        _filter.Dispose();
        _file.Dispose();
        File.Delete(_path + TemporaryEnding);
    }

    private void EndChunk()
    {
        BinaryPrimitives.WriteUInt32LittleEndian(
            _chunkBytes.AsSpan(_chunkLength), Crc32C.OfNumbered(_chunk, _chunkBytes.AsSpan(0, _chunkLength)));
        _output.Put(_chunkBytes.AsSpan(0, _chunkLength + RunHeader.ChecksumBytes));
        _directory[_chunk++] = _entries;
        _chunkLength = 0;
    }

    private void PutDirectory()
    {
        byte[] bytes = new byte[_header.DirectoryBytes + RunHeader.ChecksumBytes];
        for (int chunk = 0; chunk < _directory.Length; chunk++)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(chunk * sizeof(uint)), _directory[chunk]);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(_header.DirectoryBytes), Crc32C.Of(bytes.AsSpan(0, _header.DirectoryBytes)));
        _output.Put(bytes);
    }

    private void PutFilter()
    {
        uint crc = Crc32C.Begin();
        for (long start = 0; start < _filter.Bytes; start += FilterPartBytes)
        {
            ReadOnlySpan<byte> part = _filter.Part(start, (int)Math.Min(FilterPartBytes, _filter.Bytes - start));
            crc = Crc32C.Append(crc, part);
            _output.Put(part);
        }

        Span<byte> checksum = stackalloc byte[RunHeader.ChecksumBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(checksum, Crc32C.End(crc));
        _output.Put(checksum);
    }
}
