using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Metering.Ledger.Sqlite;

/// <summary>Opens the file of a run that an earlier process wrote, and finds out whether it is whole.</summary>
internal static class RunFile
{
    private const int PartBytes = 1024 * 1024;

    /// <summary>Opens a run: everything but its chunks, which are checked when they are read.</summary>
    /// <exception cref="RunDamageException">It is not whole.</exception>
    public static Run Open(string path)
    {
        SafeFileHandle file = Access(path, () => File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        try
        {
            RunHeader header = ReadHeader(file, path);
            uint[] directory = ReadDirectory(file, path, header);
            return new Run(path, header, file, directory, ReadFilter(file, path, header));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Fills the buffer.</summary>
    /// <exception cref="RunDamageException">The file ends before, or the disk fails.</exception>
    public static void ReadFully(SafeFileHandle file, string path, Span<byte> buffer, long start)
    {
        while (!buffer.IsEmpty)
        {
            int read;
            try
            {
                read = RandomAccess.Read(file, buffer, start);
            }
            catch (IOException fault)
            {
                throw new RunDamageException(path, fault.Message, fault);
            }

            if (read == 0)
                throw new RunDamageException(path, "it ends too early");
            buffer = buffer[read..];
            start += read;
        }
    }

    private static RunHeader ReadHeader(SafeFileHandle file, string path)
    {
        Span<byte> bytes = stackalloc byte[RunHeader.Bytes];
        ReadFully(file, path, bytes, 0);
        if (!RunHeader.TryRead(bytes, out RunHeader header))
            throw new RunDamageException(path, "its header is none that this program knows");
        if (Access(path, () => RandomAccess.GetLength(file)) != header.FileBytes)
            throw new RunDamageException(path, "it has not the length that its header gives");
        Span<byte> footer = stackalloc byte[RunHeader.FooterBytes], expected = stackalloc byte[RunHeader.FooterBytes];
        ReadFully(file, path, footer, header.FooterStart);
        header.WriteFooter(expected);
        if (!footer.SequenceEqual(expected))
            throw new RunDamageException(path, "its footer does not fit its header");
        return header;
    }

    private static uint[] ReadDirectory(SafeFileHandle file, string path, RunHeader header)
    {
        byte[] bytes = new byte[header.DirectoryBytes + RunHeader.ChecksumBytes];
        ReadFully(file, path, bytes, header.DirectoryStart);
        if (BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(header.DirectoryBytes)) != Crc32C.Of(bytes.AsSpan(0, header.DirectoryBytes)))
            throw new RunDamageException(path, "the checksum of its directory does not fit");
        uint[] directory = new uint[header.Chunks];
        uint before = 0;
        for (int chunk = 0; chunk < directory.Length; chunk++)
        {
            directory[chunk] = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(chunk * sizeof(uint)));
            if (directory[chunk] < before)
                throw new RunDamageException(path, "its directory is not in order");
            before = directory[chunk];
        }

        return before == header.Entries ? directory : throw new RunDamageException(path, "its directory does not fit its header");
    }

    private static unsafe RunFilter ReadFilter(SafeFileHandle file, string path, RunHeader header)
    {
        var memory = new AlignedMemory(header.FilterBytes, isSoonFull: true);
        try
        {
            uint crc = Crc32C.Begin();
            for (long start = 0; start < memory.Bytes; start += PartBytes)
            {
                var part = new Span<byte>(memory.Start + start, (int)Math.Min(PartBytes, memory.Bytes - start));
                ReadFully(file, path, part, header.FilterStart + start);
                crc = Crc32C.Append(crc, part);
            }

            Span<byte> checksum = stackalloc byte[RunHeader.ChecksumBytes];
            ReadFully(file, path, checksum, header.FilterStart + memory.Bytes);
            if (BinaryPrimitives.ReadUInt32LittleEndian(checksum) != Crc32C.End(crc))
                throw new RunDamageException(path, "the checksum of its filter does not fit");
            return RunFilter.Stored(memory);
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    private static T Access<T>(string path, Func<T> access)
    {
        try
        {
            return access();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new RunDamageException(path, fault.Message, fault);
        }
    }
}
