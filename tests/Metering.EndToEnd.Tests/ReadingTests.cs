using System.Diagnostics;
using System.Text.Json;

namespace Metering.EndToEnd.Tests;

/// <summary>The reading commands against a server, as an operator and a publisher use them.</summary>
public sealed class ReadingTests : IDisposable
{
    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_was_written_is_looked_up_listed_watched_and_its_skew_told()
    {
        await using MeteringProcess server = await MeteringProcess.StartAsync(_folder["data"], "--catalog", SampleIds.Catalog);
        await SampleIds.CreateKeyAsync(server, SampleIds.Publisher, _folder["key.json"]);
        string token = await SampleIds.CreateTokenAsync(server, _folder["key.json"]);
        string[] uuids = [.. Enumerable.Range(0, 3).Select(_ => Guid.NewGuid().ToString())];
        await File.WriteAllLinesAsync(
            _folder["usage.csv"], uuids.Select(uuid => $"{uuid},{SampleIds.Sku},7").Prepend("uuid,sku_id,quantity"), TestContext.Current.CancellationToken);
        (await RunAsync(server, "write", "--instance", SampleIds.Instance, "--file", _folder["usage.csv"], "--token", token)).Succeeded();

        string[] found = (await RunAsync(server, "lookup", "--file", _folder["usage.csv"], "--token", token, "-o", "csv")).Succeeded().Split('\n');
        Assert.Equal(uuids.Select(uuid => $"{uuid},ACCEPTED,,{uuid},acme-database,{SampleIds.Instance}"), found[1..4].Select(line => string.Join(',', line.Split(',')[..6])));
        Assert.Equal(1, (await RunAsync(server, "lookup", uuids[0], Guid.NewGuid().ToString())).ExitCode);

        JsonElement listed = JsonElement.Parse((await RunAsync(server, "records", "--sku", SampleIds.Sku, "-o", "json")).Succeeded()).GetProperty("records");
        Assert.Equal(uuids, listed.EnumerateArray().Select(record => record.GetProperty("uuid").GetString()));

        string watched = (await RunAsync(server, "watch", "--consumer", "test", "--until-end", "-o", "jsonl")).Succeeded();
        Assert.Equal(listed.EnumerateArray().Select(record => JsonSerializer.Serialize(record)), watched.Trim().Split('\n'));
        Assert.Empty((await RunAsync(server, "watch", "--consumer", "test", "--until-end", "-o", "jsonl")).Succeeded());
        Assert.Equal(watched, (await RunAsync(server, "export", "--format", "jsonl")).Succeeded());
        Assert.Contains("test ", (await RunAsync(server, "consumers", "list")).Succeeded());
        (await RunAsync(server, "consumers", "delete", "test")).Succeeded();

        JsonElement skew = JsonElement.Parse((await RunAsync(server, "skew", "--token", token, "-o", "json")).Succeeded());
        Assert.Equal(3, Assert.Single(skew.GetProperty("accounts").EnumerateArray()).GetProperty("lastHour").GetProperty("lag").GetProperty("records").GetInt64());
    }

    [Fact]
    public async Task An_export_that_is_killed_goes_on_and_is_byte_for_byte_what_an_unbroken_one_is()
    {
        await LedgerUnderLoad.PrepareAsync(_folder, _folder["data"]);
        var ledger = new LedgerUnderLoad(_folder, _folder["data"], new StoreChanges());
        await using MeteringProcess server = await ledger.StartAsync();
        using (LoadProcess load = ledger.BeginLoad(server, seconds: 2))
            await load.EndAsync();

        string[] export = ["export", "--format", "csv", "--to-file", _folder["records.csv"]];
        string part = _folder["records.csv.part"];
        using (Process killed = Programs.Start("dotnet", [BuiltPrograms.Command, .. export, .. Connection(server)]))
        {
            while (!killed.HasExited && new FileInfo(part) is not { Exists: true, Length: > 0 })
                await Task.Delay(1, TestContext.Current.CancellationToken);
            killed.Kill();
            await killed.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        if (!File.Exists(_folder["records.csv"]))
            (await RunAsync(server, export)).Succeeded();
        Assert.False(File.Exists(part));
        (await RunAsync(server, "export", "--format", "csv", "--to-file", _folder["unbroken.csv"])).Succeeded();

        byte[] unbroken = await File.ReadAllBytesAsync(_folder["unbroken.csv"], TestContext.Current.CancellationToken);
        byte[] records = await File.ReadAllBytesAsync(_folder["records.csv"], TestContext.Current.CancellationToken);
        Assert.True(unbroken.AsSpan().SequenceEqual(records));
        long counted = (await BillingFeedProcess.TotalsAsync(server)).Sum(line => long.Parse(line[(line.LastIndexOf(' ') + 1)..]));
        Assert.Equal(counted + 1, unbroken.Count(character => character == '\n'));
    }

    private static Task<Finished> RunAsync(MeteringProcess server, params string[] arguments) =>
        Programs.MeteringAsync([.. arguments, .. Connection(server)]);

    private static string[] Connection(MeteringProcess server) => ["--data", server.Data, "--address", $"https://localhost:{server.HttpsPort}"];
}
