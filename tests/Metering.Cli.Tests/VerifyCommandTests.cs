using System.Net;
using System.Text.Json;
using Metering.Client.Tests;
using Metering.Contracts.V1;
using Metering.Server;

namespace Metering.Cli.Tests;

public sealed class VerifyCommandTests : IDisposable
{
    private static readonly VerifyLedgerResponse Progress = new() { Checking = "records", Done = 250, Total = 1000 };

    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public async Task A_sound_ledger_ends_with_exit_code_0()
    {
        await using ScriptedServer server = await StartAsync(new VerificationReport { Records = 1000 });

        Outcome outcome = await _line.RunAsync(server, "verify");

        Assert.Equal((0, string.Empty), (outcome.ExitCode, outcome.Error));
        Assert.Matches(@"^The ledger is sound: 1,000 records read in \d+\.\d s, totals, index and checksums agree\.\n$", outcome.Output);
    }

    [Fact]
    public async Task Each_difference_is_told_and_the_exit_code_is_1()
    {
        await using ScriptedServer server = await StartAsync(new VerificationReport
        {
            Records = 1000, Differences = { "Batch 2 is damaged: so.", "The total of owner 1 is 5." }, AbsentArchives = { "1-2-aa.archive" },
        });

        Outcome outcome = await _line.RunAsync(server, "verify");
        Outcome json = await _line.RunAsync(server, "verify", "--output", "json");

        Assert.Equal((1, 1), (outcome.ExitCode, json.ExitCode));
        Assert.Equal(
            "error: Batch 2 is damaged: so.\nerror: The total of owner 1 is 5.\n"
            + "The archive 1-2-aa.archive is not there: its records were not read, its totals are those that the ledger keeps.\n",
            outcome.Error);
        Assert.StartsWith("The ledger is not sound: 2 differences; 1,000 records", outcome.Output);
        using JsonDocument document = JsonDocument.Parse(json.Output);
        Assert.False(document.RootElement.GetProperty("sound").GetBoolean());
        Assert.Equal(
            ["Batch 2 is damaged: so.", "The total of owner 1 is 5."],
            document.RootElement.GetProperty("differences").EnumerateArray().Select(difference => difference.GetString()));
        Assert.Equal("1-2-aa.archive", document.RootElement.GetProperty("absentArchives")[0].GetString());
    }

    [Fact]
    public async Task A_terminal_sees_how_far_it_came()
    {
        await using ScriptedServer server = await StartAsync(new VerificationReport());
        _line.IsTerminal = true;

        Outcome outcome = await _line.RunAsync(server, "verify");

        Assert.Contains(new string('█', 6) + new string('░', 18), outcome.Error);
        Assert.Contains("250 of 1,000  records", outcome.Error);
        Assert.EndsWith("\r\e[K", outcome.Error);
    }

    [Fact]
    public async Task A_server_that_ends_without_a_report_proves_nothing()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = _ => ScriptedServer.Stream(Progress);

        Outcome outcome = await _line.RunAsync(server, "verify");

        Assert.Equal(3, outcome.ExitCode);
        Assert.Contains("without a report", outcome.Error);
    }

    [Fact]
    public async Task A_real_ledger_is_verified_and_only_for_the_holder_of_the_admin_token()
    {
        var options = new ServerOptions
        {
            Data = Path.Combine(_line.Folder, "data"), ListenHttp = null, ListenGrpc = new IPEndPoint(IPAddress.Loopback, 0), ListenHttps = null,
        };
        await using MeteringServer server = await Server.Program.StartAsync(options, TimeProvider.System, TestContext.Current.CancellationToken);
        string address = $"http://{server.Facts.Listening.Grpc}";
        Outcome sound = await _line.RunAsync("verify", "--data", "data", "--address", address);
        Assert.Equal(0, sound.ExitCode);
        Assert.StartsWith("The ledger is sound: 0 records read", sound.Output);
        _line.Environment["METERING_ADMIN_TOKEN"] = "another";
        Assert.Equal(3, (await _line.RunAsync("verify", "--address", address)).ExitCode);
    }

    private static async Task<ScriptedServer> StartAsync(VerificationReport report)
    {
        ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = _ => ScriptedServer.Stream(Progress, new VerifyLedgerResponse { Report = report });
        return server;
    }
}
