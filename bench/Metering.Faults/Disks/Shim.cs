using System.Globalization;

namespace Metering.Faults;

/// <summary>The library that stands between a server and its disk (shim.c, built when first asked for), and how it is loaded.</summary>
/// <param name="Folder">The folder that it watches.</param>
internal sealed record Shim(string Folder)
{
    private static readonly Lazy<Task<string>> Library = new(BuildAsync);

    /// <summary>File that takes the record of what was written; null for none.</summary>
    public string? Record { get; init; }

    /// <summary>Which fsync fails, once; 0 for none.</summary>
    public int FsyncFailsAt { get; init; }

    /// <summary>From which on fsync fails, but answers that it is done; 0 for never.</summary>
    public int FsyncLiesFrom { get; init; }

    /// <summary>From which write on files cannot grow; 0 for never.</summary>
    public int FullAt { get; init; }

    /// <summary>File whose being there makes space again.</summary>
    public string? Space { get; init; }

    /// <summary>The environment of a process that has it.</summary>
    public async Task<IReadOnlyDictionary<string, string>> ToEnvironmentAsync()
    {
        var environment = new Dictionary<string, string> { ["LD_PRELOAD"] = await Library.Value, ["FAULTS_FOLDER"] = Folder };
        void Add(string name, int number)
        {
            if (number > 0)
                environment[name] = number.ToString(CultureInfo.InvariantCulture);
        }

        Add("FAULTS_FSYNC_FAILS_AT", FsyncFailsAt);
        Add("FAULTS_FSYNC_LIES_FROM", FsyncLiesFrom);
        Add("FAULTS_FULL_AT", FullAt);
        if (Record is not null)
            environment["FAULTS_RECORD"] = Record;
        if (Space is not null)
            environment["FAULTS_SPACE"] = Space;
        return environment;
    }

    private static async Task<string> BuildAsync()
    {
        string folder = BuiltPrograms.PathOf("artifacts/faults");
        Directory.CreateDirectory(folder);
        string library = Path.Combine(folder, "shim.so"), fresh = $"{library}-{Environment.ProcessId}";
        (await Programs.RunAsync("gcc", ["-shared", "-fPIC", "-O2", "-Wall", "-o", fresh, BuiltPrograms.PathOf("bench/Metering.Faults/Disks/shim.c"), "-ldl"])).Succeeded();
        File.Move(fresh, library, overwrite: true); // another one may have it loaded
        return library;
    }
}
