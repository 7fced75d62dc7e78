namespace Metering.Load;

/// <summary>
/// Appends the uuid of every record whose acceptance was received, 16 bytes each, big-endian, so that a crash test can
/// ask for each of them afterwards. Shared by all connections.
/// </summary>
internal sealed class AcknowledgedFile(string path) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly FileStream _file = new(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 1 << 20);

    public void Append(ReadOnlySpan<byte> uuids)
    {
        lock (_lock)
            _file.Write(uuids);
    }

    /// <summary>Hands what was appended to the operating system.</summary>
    public void Flush()
    {
        lock (_lock)
            _file.Flush();
    }

    public void Dispose() => _file.Dispose();
}
