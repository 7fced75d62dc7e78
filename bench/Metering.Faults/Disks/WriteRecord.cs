using System.Runtime.InteropServices;
using System.Text;

namespace Metering.Faults;

/// <summary>What a process did to its files; the numbers are those of shim.c.</summary>
internal enum WriteKind
{
    Opened = 1,
    Created = 2,
    Written = 3,
    Truncated = 4,
    Synced = 5,
    FolderSynced = 6,
    Renamed = 7,
    Unlinked = 8,
    FolderMade = 9,
    SyncFailed = 10,
    Full = 11,
}

/// <summary>One event of a record.</summary>
/// <param name="At">Where in the record it begins.</param>
/// <param name="End">Where it ends.</param>
/// <param name="Kind">What was done.</param>
/// <param name="Inode">The file's number; not of what is done to names.</param>
/// <param name="Path">The file's path; of a renamed one both, with a line feed between.</param>
/// <param name="Offset">Where it was written.</param>
/// <param name="Length">Bytes written, or the file's new length.</param>
/// <param name="Mark">Of an fsync: what came before this place in the record is on the disk. Of one that failed: its number.</param>
internal sealed record WriteEvent(long At, long End, WriteKind Kind, ulong Inode, string Path, long Offset, long Length, long Mark);

/// <summary>The record that the shim makes: events in order, each a head of 40 bytes, its path, and the bytes written.</summary>
internal sealed class WriteRecord
{
    private readonly byte[] _bytes;

    private WriteRecord(byte[] bytes, IReadOnlyList<WriteEvent> events) => (_bytes, Events) = (bytes, events);

    /// <summary>Every event, in order.</summary>
    public IReadOnlyList<WriteEvent> Events { get; }

    /// <summary>Reads a record. What was cut off at its end never happened.</summary>
    public static WriteRecord Read(string file)
    {
        byte[] bytes = File.ReadAllBytes(file);
        var events = new List<WriteEvent>();
        int position = 0;
        while (bytes.Length - position >= Marshal.SizeOf<Head>())
        {
            Head head = MemoryMarshal.Read<Head>(bytes.AsSpan(position));
            int path = position + Marshal.SizeOf<Head>();
            long end = path + head.PathBytes + (head.Kind == WriteKind.Written ? head.Length : 0);
            if (end > bytes.Length)
                break;
            events.Add(new WriteEvent(
                position, end, head.Kind, head.Inode, Encoding.UTF8.GetString(bytes, path, head.PathBytes), head.Offset, head.Length, head.Mark));
            position = (int)end;
        }

        return new WriteRecord(bytes, events);
    }

    /// <summary>The bytes that were written.</summary>
    public ReadOnlySpan<byte> BytesOf(WriteEvent written) => _bytes.AsSpan((int)(written.End - written.Length), (int)written.Length);

    [StructLayout(LayoutKind.Sequential)]
    private struct Head
    {
        public WriteKind Kind;
        public int PathBytes;
        public ulong Inode;
        public long Offset;
        public long Length;
        public long Mark;
    }
}
