using System.Globalization;
using System.Runtime.InteropServices;
using SQLitePCL;

namespace Metering.Bench;

/// <summary>What the run was made on, as far as it says nothing about whose machine it is.</summary>
/// <param name="Processor">Model of the processor.</param>
/// <param name="Processors">How many the process sees.</param>
/// <param name="MemoryBytes">Memory of the machine.</param>
/// <param name="System">Operating system and kernel.</param>
/// <param name="FileSystem">Kind of file system that was measured.</param>
/// <param name="Runtime">.NET's version.</param>
/// <param name="Sqlite">SQLite's version.</param>
internal sealed record Machine(string Processor, int Processors, long MemoryBytes, string System, string FileSystem, string Runtime, string Sqlite)
{
    /// <summary>Whether what is synced there is lost with the power all the same.</summary>
    public bool IsMemoryOnly => FileSystem is "tmpfs" or "ramfs";

    /// <summary>This machine.</summary>
    /// <param name="folder">A folder on the disk that is measured.</param>
    public static Machine Here(string folder)
    {
        Batteries_V2.Init();
        string model = Find("/proc/cpuinfo", "model name") ?? RuntimeInformation.ProcessArchitecture.ToString();
        string name = (Find("/etc/os-release", "PRETTY_NAME", '=') ?? "Linux").Trim('"');
        string kernel = File.ReadAllText("/proc/sys/kernel/osrelease").Trim();
        string kilobytes = (Find("/proc/meminfo", "MemTotal") ?? "0 kB").Split(' ')[0];
        return new Machine(
            model, Environment.ProcessorCount, long.Parse(kilobytes, CultureInfo.InvariantCulture) * 1024, $"{name}, Linux {kernel}",
            FileSystemOf(folder), RuntimeInformation.FrameworkDescription, raw.sqlite3_libversion().utf8_to_string());
    }

    public override string ToString() =>
        $"{Processors} processors ({Processor}), {MemoryBytes / (double)(1 << 30):N0} GiB, {System}, {FileSystem}, {Runtime}, SQLite {Sqlite}";

    // The mount whose folder is the longest beginning of the path.
    private static string FileSystemOf(string folder) =>
        File.ReadLines("/proc/self/mounts").Select(line => line.Split(' '))
            .Where(mount => mount.Length > 2 && IsBelow(folder, mount[1]))
            .OrderByDescending(mount => mount[1].Length).Select(mount => mount[2]).FirstOrDefault() ?? "unknown";

    private static bool IsBelow(string folder, string mount) =>
        mount == "/" || folder == mount || folder.StartsWith(mount + "/", StringComparison.Ordinal);

    private static string? Find(string file, string name, char separator = ':') =>
        File.ReadLines(file).Where(line => line.StartsWith(name, StringComparison.Ordinal))
            .Select(line => line[(line.IndexOf(separator) + 1)..].Trim()).FirstOrDefault();
}
