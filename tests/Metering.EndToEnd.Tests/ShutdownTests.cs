namespace Metering.EndToEnd.Tests;

/// <summary>Stopping as an init system does it, and two servers on one directory.</summary>
public sealed class ShutdownTests
{
    private static readonly string[] OrderlyStatuses = ["OK", "UNAVAILABLE"];

    [Fact]
    public async Task Stopped_under_load_it_answers_what_it_began_and_keeps_what_it_acknowledged()
    {
        using var folder = new TemporaryDirectory();
        await using MeteringProcess server = await MeteringProcess.StartAsync(folder["data"], "--catalog", SampleMarketplace.Catalog);
        await SampleIds.CreateKeyAsync(server, SampleMarketplace.Publisher, folder["key.json"]);
        await File.WriteAllTextAsync(folder["token"], await SampleIds.CreateTokenAsync(server, folder["key.json"]), TestContext.Current.CancellationToken);
        using LoadProcess load = LoadProcess.Start(server, folder["token"], folder["acknowledged"]);
        await load.WaitForAcknowledgementsAsync();
        int exitCode = await server.StopAsync();
        Assert.True(exitCode == 0, $"Exit code {exitCode}. {server.Errors}");

        LoadEnd end = await load.EndAsync();
        string summary = end.Summary.ToString();
        Assert.True(end.Requests("reset") == 0 && end.Requests("malformed") == 0, summary);
        Assert.All(end.Summary.GetProperty("requests").GetProperty("statuses").EnumerateObject(), status => Assert.Contains(status.Name, OrderlyStatuses));
        Assert.All(end.Summary.GetProperty("lostConnections").EnumerateArray(), loss => Assert.Contains("GOAWAY", loss.GetString()));

        // A request that GOAWAY says was never begun stays without an answer, and must not be counted then.
        LedgerCheck check = await LedgerCheck.RunAsync(Path.Combine(folder["data"], "ledger.db"), end.Acknowledged);
        Assert.True(check.IsSound && check.Records == end.Acknowledged.Length, $"{check}\n{summary}");

        await using MeteringProcess again = await MeteringProcess.StartAsync(folder["data"]);
        Assert.Equal(0, await again.StopAsync());
    }

    [Fact]
    public async Task A_second_server_on_the_same_directory_is_told_who_has_it()
    {
        using var folder = new TemporaryDirectory();
        await using MeteringProcess first = await MeteringProcess.StartAsync(folder["data"]);
        Refusal refusal = await Refusal.OfAsync(folder["data"]);
        Assert.Equal(4, refusal.ExitCode);
        string fault = Assert.Single(refusal.Faults);
        Assert.Contains(first.Data, fault);
        Assert.Contains($"process {first.ProcessId}", fault);
        Assert.Equal(0, await first.StopAsync());
    }
}
