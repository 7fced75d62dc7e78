namespace Metering.Faults;

/// <summary>A directory that is gone afterwards.</summary>
/// <param name="parent">Where it is made; null for the system's place for such.</param>
internal sealed class TemporaryDirectory(string? parent = null) : IDisposable
{
    private const string Prefix = "metering-test-";

    /// <summary>A directory in memory, where there is such a thing: for images of disks, which are copied again and again.</summary>
    public static TemporaryDirectory InMemory() => new(Directory.Exists("/dev/shm") ? "/dev/shm" : null);

    public string FullPath { get; } = parent is null
        ? Directory.CreateTempSubdirectory(Prefix).FullName
        : Directory.CreateDirectory(Path.Combine(parent, Prefix + Path.GetRandomFileName())).FullName;

    public string this[string name] => Path.Combine(FullPath, name);

    public void Dispose() => Directory.Delete(FullPath, recursive: true);
}
