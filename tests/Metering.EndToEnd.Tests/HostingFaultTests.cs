using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Metering.EndToEnd.Tests;

/// <summary>What stands in a server's way is said in one message: what, where, what to do. Nothing is half written.</summary>
public sealed class HostingFaultTests : IDisposable
{
    private const int BadUsage = 2;
    private const int CannotStart = 4;

    // What tells servers from each other, and SQLite's own scratch.
    private static readonly string[] Bystanders = ["lock", "server.pid", "ledger.db.lock", "ledger.db-wal", "ledger.db-shm"];

    private readonly TemporaryDirectory _folder = new();

    private string Data => _folder["data"];

    private string Ledger => Path.Combine(Data, "ledger.db");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Data_directory_that_is_a_file()
    {
        await File.WriteAllTextAsync(Data, "mine", TestContext.Current.CancellationToken);
        (await Refusal.OfAsync(Data)).IsOne(CannotStart, Data, "is a file", "--data");
        Assert.Equal("mine", await File.ReadAllTextAsync(Data, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Data_directory_with_other_peoples_files()
    {
        Directory.CreateDirectory(Data);
        await File.WriteAllTextAsync(Path.Combine(Data, "thesis.tex"), "mine", TestContext.Current.CancellationToken);
        (await Refusal.OfAsync(Data)).IsOne(CannotStart, Data, "thesis.tex", "--data");
        Assert.Equal(["thesis.tex"], Names());
    }

    [Fact]
    public async Task Data_directory_that_is_read_only()
    {
        Directory.CreateDirectory(Data, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        (await Refusal.RunAsync(null, ["--data", Data, .. Refusal.FreePorts], isMightless: true)).IsOne(CannotStart, Data, "--data");
        Assert.Empty(Names());
    }

    [Fact]
    public async Task Data_directory_that_cannot_be_made() =>
        (await Refusal.OfAsync("/sys/metering")).IsOne(CannotStart, "/sys/metering", "--data");

    [Fact]
    public async Task Ledger_that_is_read_only()
    {
        await ServeOnceAsync();
        foreach (string file in Directory.EnumerateFiles(Data, "ledger.db*"))
            File.SetUnixFileMode(file, UnixFileMode.UserRead);
        byte[] before = await File.ReadAllBytesAsync(Ledger, TestContext.Current.CancellationToken);
        (await Refusal.RunAsync(null, ["--data", Data, .. Refusal.FreePorts], isMightless: true)).IsOne(CannotStart, Ledger);
        Assert.Equal(before, await File.ReadAllBytesAsync(Ledger, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Ledger_of_a_newer_schema()
    {
        await ServeOnceAsync();
        SqliteFile.Execute(Ledger, "INSERT INTO schema_step VALUES(99, '9.9.9'); PRAGMA user_version = 99");
        await IsRefusedAsItIs(Ledger, "schema version 99", "9.9.9");
    }

    [Fact]
    public async Task Ledger_that_is_another_applications_database()
    {
        Directory.CreateDirectory(Data);
        SqliteFile.Execute(Ledger, "CREATE TABLE photograph(id INTEGER PRIMARY KEY); INSERT INTO photograph VALUES(1)");
        await IsRefusedAsItIs(Ledger, "not a ledger");
    }

    [Fact]
    public async Task Ledger_of_random_bytes()
    {
        Directory.CreateDirectory(Data);
        byte[] noise = new byte[100_000];
        new Random(7).NextBytes(noise);
        await File.WriteAllBytesAsync(Ledger, noise, TestContext.Current.CancellationToken);
        await IsRefusedAsItIs(Ledger, "not a ledger");
    }

    [Theory]
    [InlineData("--listen-http")]
    [InlineData("--listen-grpc")]
    [InlineData("--listen-https")]
    public async Task Port_in_use(string option)
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        string taken = other.LocalEndpoint.ToString()!;
        (await Refusal.RunAsync(null, ["--data", Data, .. PortsBut(option), option, taken])).IsOne(CannotStart, taken, "taken", option);
        other.Stop();
        await ServeOnceAsync(); // and the directory is as good as new
    }

    [Fact]
    public async Task Malformed_catalog()
    {
        string catalog = _folder["catalog.yaml"];
        string yaml = await File.ReadAllTextAsync(SampleMarketplace.Catalog, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(
            catalog, yaml.Replace("publisher: acme\n    name: Acme Database", "publisher: acmee\n    name: Acme Database") + "suprise: 1\n", TestContext.Current.CancellationToken);
        Refusal refusal = await Refusal.OfAsync(Data, "--catalog", catalog);
        Assert.Equal(CannotStart, refusal.ExitCode);
        Assert.All(refusal.Lines.SkipLast(1), line => Assert.Matches(@"catalog\.yaml:\d+:\d+: ", line));
        Assert.Contains(refusal.Lines, line => line.Contains("acmee"));
        Assert.Contains(refusal.Lines, line => line.Contains("suprise"));
        Assert.Contains(catalog, Assert.Single(refusal.Faults));
        Assert.Contains("\"catalogVersion\":0", await ServeOnceAsync()); // refused whole
    }

    [Fact]
    public async Task Catalog_that_is_not_there()
    {
        (await Refusal.OfAsync(Data, "--catalog", _folder["nowhere.yaml"])).IsOne(CannotStart, "nowhere.yaml");
        Assert.False(Directory.Exists(Data));
    }

    [Fact]
    public async Task Malformed_settings_are_all_named_with_where_they_come_from()
    {
        string file = _folder["metering.json"];
        await File.WriteAllTextAsync(file, """{"future-tolerance": "soon", "listen-htp": "none"}""", Encoding.UTF8, TestContext.Current.CancellationToken);
        var environment = new Dictionary<string, string> { ["METERING_TOKEN_LIFETIME"] = "12 parsecs", ["METERING_CONFIG"] = file };
        Refusal refusal = await Refusal.RunAsync(environment, ["--data", Data, .. Refusal.FreePorts, "--acceptance-window", "1fortnight"]);
        Assert.Equal(BadUsage, refusal.ExitCode);
        Assert.Equal(4, refusal.Lines.Count);
        Assert.Equal(4, refusal.Faults.Count());
        string[][] expected =
        [
            ["--acceptance-window", "1fortnight"], ["METERING_TOKEN_LIFETIME", "12 parsecs"], ["future-tolerance", file, "soon"], ["listen-htp", file],
        ];
        Assert.All(expected, words => Assert.Single(refusal.Faults, fault => words.All(fault.Contains)));
        Assert.False(Directory.Exists(Data));
    }

    [Fact]
    public async Task Configuration_file_that_is_no_json()
    {
        string file = _folder["metering.json"];
        await File.WriteAllTextAsync(file, "{\n  listen", TestContext.Current.CancellationToken);
        (await Refusal.OfAsync(Data, "--config", file)).IsOne(BadUsage, file, "line 2");
    }

    [Fact]
    public async Task Clock_far_behind_what_the_ledger_has_seen()
    {
        await ServeOnceAsync();
        DateTimeOffset seen = TimeProvider.System.GetUtcNow().AddDays(400);
        SqliteFile.Execute(Ledger, $"UPDATE clock SET high_water_unix_nanoseconds = {seen.ToUnixTimeSeconds()}000000000");
        (await Refusal.OfAsync(Data)).IsOne(CannotStart, "clock", seen.ToString("yyyy-MM-dd"), "--accept-clock");
        Assert.Contains("catalogVersion", await ServeOnceAsync("--accept-clock"));
        Assert.Contains("catalogVersion", await ServeOnceAsync());
    }

    [Fact]
    public async Task Signing_key_that_is_damaged()
    {
        await ServeOnceAsync();
        SqliteFile.Execute(Ledger, "UPDATE signing_key SET private_key = randomblob(32)");
        (await Refusal.OfAsync(Data)).IsOne(CannotStart, "key", Ledger, "backup");
    }

    private async Task IsRefusedAsItIs(params string[] words)
    {
        byte[] before = await File.ReadAllBytesAsync(Ledger);
        string[] names = [.. Names().Union(Bystanders).Order()];
        (await Refusal.OfAsync(Data)).IsOne(CannotStart, words);
        Assert.Equal(before, await File.ReadAllBytesAsync(Ledger));
        Assert.Equal(names, Names().Union(Bystanders).Order());
    }

    private async Task<string> ServeOnceAsync(params string[] arguments)
    {
        await using MeteringProcess server = await MeteringProcess.StartAsync(Data, arguments);
        Assert.Equal(0, await server.StopAsync());
        return server.Facts;
    }

    private static IEnumerable<string> PortsBut(string option) => Refusal.FreePorts.Chunk(2).Where(pair => pair[0] != option).SelectMany(pair => pair);

    private string[] Names() => [.. Directory.EnumerateFileSystemEntries(Data).Select(entry => Path.GetFileName(entry))];
}
