using Microsoft.Win32.SafeHandles;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// Writes a file from its beginning to its end through a buffer, fsynced every few megabytes, so that no fsync of the ledger
/// ever has to wait for much of it. The handle stays the caller's.
/// </summary>
internal sealed class PacedFile(SafeFileHandle file, string path)
{
    private const int BufferBytes = 256 * 1024;
    private const long FlushBytes = 4L * 1024 * 1024;

    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _buffered;
    private long _flushed;

    /// <summary>Bytes written to the file so far; what the buffer holds is not among them.</summary>
    public long WrittenBytes { get; private set; }

    /// <summary>Puts bytes behind those before.</summary>
    /// <exception cref="IOException">The disk is full, or fails.</exception>
    public void Put(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int length = Math.Min(bytes.Length, BufferBytes - _buffered);
            bytes[..length].CopyTo(_buffer.AsSpan(_buffered));
            _buffered += length;
            bytes = bytes[length..];
            if (_buffered == BufferBytes)
                WriteBuffer();
        }
    }

    /// <summary>Writes what the buffer holds.</summary>
    /// <exception cref="IOException">The disk is full, or fails.</exception>
    public void WriteBuffer()
    {
        RandomAccess.Write(file, _buffer.AsSpan(0, _buffered), WrittenBytes);
        WrittenBytes += _buffered;
        _buffered = 0;
        if (WrittenBytes - _flushed < FlushBytes)
            return;
        FileSync.Flush(file, path);
        _flushed = WrittenBytes;
    }
}
