namespace Metering.Bench;

/// <summary>The folder of a run on the disk that is measured; gone afterwards.</summary>
internal sealed class WorkFolder : IDisposable
{
    private readonly string _path;
    private int _folders;

    /// <param name="parent">Where it is made.</param>
    public WorkFolder(string parent)
    {
        _path = Path.Combine(parent, $"metering-bench-{Environment.ProcessId}");
        Directory.CreateDirectory(_path);
    }

    /// <summary>A new folder in it.</summary>
    public string Make(string name)
    {
        string path = Path.Combine(_path, $"{name}-{++_folders}");
        Directory.CreateDirectory(path);
        return path;
    }

    /// <summary>Bytes of all files of a folder.</summary>
    public static long BytesOf(string folder) =>
        new DirectoryInfo(folder).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length);

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
