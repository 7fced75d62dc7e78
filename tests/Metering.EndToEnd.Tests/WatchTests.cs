using System.Diagnostics;
using System.Text.Json;

namespace Metering.EndToEnd.Tests;

/// <summary>`metering watch --consumer` in a process of its own, which lives through the kills of its server.</summary>
public sealed class WatchTests : IDisposable
{
    private const int RecordsPerSecond = 2_000;
    private const int Kills = 2;
    private const int Seed = 20_260_102;

    private readonly TemporaryDirectory _folder = new();
    private readonly Random _random = new(Seed);
    private readonly List<string> _shown = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task One_consumer_lives_through_the_kills_and_returns_of_its_server_and_misses_and_doubles_nothing()
    {
        await LedgerUnderLoad.PrepareAsync(_folder, _folder["data"]);
        var ledger = new LedgerUnderLoad(_folder, _folder["data"], new StoreChanges());
        MeteringProcess server = await ledger.StartAsync();
        string address = server.Https;
        using Process watch = Programs.Start(
            "dotnet", [BuiltPrograms.Command, "watch", "--consumer", "billing", "--output", "jsonl", "--data", server.Data, "--address", $"https://localhost:{server.HttpsPort}"]);
        try
        {
            Task<string> errors = watch.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            Task showing = FollowAsync(watch);
            for (int kill = 0; kill < Kills; kill++)
            {
                using LoadProcess load = await ledger.LoadAsync(server, RecordsPerSecond);
                await WaitForAsync(watch, errors, Shown() + 100 + _random.Next(1_000));
                await server.KillAsync(); // while it is read from, and places are saved
                ledger.Note(await load.EndAsync());
                await server.DisposeAsync();
                server = await ReturnAsync(address);
            }

            string[] accepted = await ExportedAsync(server);
            await WaitForAsync(watch, errors, accepted.Length);
            await Task.Delay(200, TestContext.Current.CancellationToken); // whatever it may show beyond
            Assert.False(watch.HasExited, "It ended by itself.");
            Assert.Empty(FaultsOf(accepted));
            Assert.True(accepted.Length >= ledger.Acknowledged.Count);

            // The control: one record less, and one that comes again, are noticed.
            string left = _shown[^1];
            lock (_shown)
                _shown[^1] = _shown[0];
            Assert.Equal(new[] { $"{_shown[0]} came 2 times", $"{left} came 0 times" }.Order(StringComparer.Ordinal), FaultsOf(accepted));
        }
        finally
        {
            watch.Kill();
            await server.DisposeAsync();
        }
    }

    // Another program may have been given the port for a moment.
    private async Task<MeteringProcess> ReturnAsync(string address)
    {
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                return await MeteringProcess.StartAsync(_folder["data"], "--listen-https", address);
            }
            catch (ServerStartException fault) when (attempt < 20 && fault.Errors.Contains("taken", StringComparison.Ordinal))
            {
                await Task.Delay(200, TestContext.Current.CancellationToken);
            }
        }
    }

    private async Task FollowAsync(Process watch)
    {
        while (await watch.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            string uuid = JsonElement.Parse(line).GetProperty("uuid").GetString()!;
            lock (_shown)
                _shown.Add(uuid);
        }
    }

    private static async Task<string[]> ExportedAsync(MeteringProcess server)
    {
        string csv = (await Programs.MeteringAsync("export", "--format", "csv", "--data", server.Data, "--address", $"https://localhost:{server.HttpsPort}")).Succeeded();
        return [.. csv.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => line[..line.IndexOf(',')])];
    }

    private async Task WaitForAsync(Process watch, Task<string> errors, int records)
    {
        while (Shown() < records)
        {
            if (watch.HasExited)
                Assert.Fail($"The watch ended with exit code {watch.ExitCode}: {await errors}");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    private int Shown()
    {
        lock (_shown)
            return _shown.Count;
    }

    private List<string> FaultsOf(string[] accepted)
    {
        lock (_shown)
        {
            Dictionary<string, int> times = _shown.CountBy(uuid => uuid).ToDictionary();
            return
            [
                .. accepted.Concat(_shown).Distinct().Where(uuid => times.GetValueOrDefault(uuid) != 1).Select(uuid => $"{uuid} came {times.GetValueOrDefault(uuid)} times").Order(StringComparer.Ordinal),
                .. _shown.Except(accepted).Select(uuid => $"{uuid} was never accepted"),
            ];
        }
    }
}
