namespace Metering.Faults;

/// <summary>
/// A data directory that servers are started on and broken on, again and again, with everything that was acknowledged in
/// it. What is checked is a copy: the next server finds what the last one left.
/// </summary>
internal sealed class LedgerUnderLoad(TemporaryDirectory folder, string data, StoreChanges changes)
{
    private readonly List<UInt128> _acknowledged = [];
    private int _copies;

    /// <summary>The data directory.</summary>
    public string Data { get; } = data;

    /// <summary>The ledger's file.</summary>
    public string File => Path.Combine(Data, "ledger.db");

    /// <summary>The index's folder.</summary>
    public string IndexFolder => File + ".index";

    /// <summary>Uuids of all records that were acknowledged so far.</summary>
    public IReadOnlyList<UInt128> Acknowledged => _acknowledged;

    /// <summary>Makes a data directory with the sample's catalog, and a token for its publisher beside it.</summary>
    public static async Task PrepareAsync(TemporaryDirectory folder, string data)
    {
        await using MeteringProcess server = await MeteringProcess.StartAsync(data, "--catalog", SampleIds.Catalog);
        await SampleIds.CreateKeyAsync(server, SampleIds.Publisher, folder["key.json"]);
        await System.IO.File.WriteAllTextAsync(folder["token"], await SampleIds.CreateTokenAsync(server, folder["key.json"]));
        int exitCode = await server.StopAsync();
        if (exitCode != 0)
            throw new FaultsException($"The server stopped with exit code {exitCode}.\n{server.Errors}");
    }

    /// <summary>Copies the files of a folder whose paths in it begin so.</summary>
    public static void CopyFolder(string from, string to, string beginning = "")
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string relative = Path.GetRelativePath(from, file);
            if (!relative.StartsWith(beginning, StringComparison.Ordinal))
                continue;
            string target = Path.Combine(to, relative);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            System.IO.File.Copy(file, target, overwrite: true);
        }
    }

    /// <summary>Starts a server on it.</summary>
    public Task<MeteringProcess> StartAsync(IReadOnlyDictionary<string, string>? environment = null) => StartAsync(changes, environment);

    /// <summary>Starts a server on it that differs from the others.</summary>
    public Task<MeteringProcess> StartAsync(StoreChanges otherwise, IReadOnlyDictionary<string, string>? environment = null) =>
        MeteringProcess.StartAsync(Data, otherwise, environment);

    /// <summary>Starts to send as fast as it takes, and waits until something was acknowledged.</summary>
    public async Task<LoadProcess> LoadAsync(MeteringProcess server, int rate = 0)
    {
        LoadProcess load = BeginLoad(server, rate);
        await load.WaitForAcknowledgementsAsync();
        return load;
    }

    /// <summary>Starts to send, without waiting for anything.</summary>
    public LoadProcess BeginLoad(MeteringProcess server, int rate = 0, double seconds = 120) =>
        LoadProcess.Start(server, folder["token"], folder["acknowledged"], rate, seconds);

    /// <summary>Takes note of what a load was acknowledged, once it has ended.</summary>
    public void Note(LoadEnd end) => _acknowledged.AddRange(end.Acknowledged);

    /// <summary>Sends uuids again that were acknowledged.</summary>
    /// <returns>How many of them were not answered with DUPLICATE.</returns>
    public async Task<int> ReplayAsync(MeteringProcess server, IReadOnlyList<UInt128> uuids) =>
        await Replay.CountOthersAsync(server, await System.IO.File.ReadAllTextAsync(folder["token"]), uuids);

    /// <summary>Checks a copy of the ledger as it is now. No server may be running.</summary>
    /// <returns>The check, which goes on while the next server already runs.</returns>
    public Task<LedgerCheck> BeginCheck()
    {
        string copy = folder[$"copy{_copies++}"];
        Copy(copy);
        UInt128[] expected = [.. _acknowledged];
        return Task.Run(async () =>
        {
            LedgerCheck check = await LedgerCheck.RunAsync(Path.Combine(copy, "ledger.db"), expected, changes);
            Directory.Delete(copy, recursive: true);
            return check;
        });
    }

    /// <summary>Copies the ledger's files.</summary>
    public void Copy(string to) => CopyFolder(Data, to, "ledger.db");
}
