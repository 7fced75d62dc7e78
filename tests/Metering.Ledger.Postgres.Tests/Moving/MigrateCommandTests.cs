using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>The command as people run it, in a process of its own.</summary>
public sealed class MigrateCommandTests
{
    [Fact]
    public async Task A_process_that_is_killed_at_any_moment_and_started_again_moves_every_record_once()
    {
        await using SourceLedger source = await SourceLedger.MakeAsync(31, requests: 400);
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        string[] arguments = ["migrate", "--from", $"sqlite:{source.Folder}", "--to", To(place), "--output", "json"];
        var random = new Random(31);

        // From before it has connected to just before its end.
        for (int milliseconds = 150; milliseconds < 1500; milliseconds += random.Next(50, 250))
        {
            using Process process = Start(arguments);
            await Task.Delay(milliseconds, TestLedger.Stop);
            process.Kill();
            await process.WaitForExitAsync(TestLedger.Stop);
        }

        using Process last = Start(arguments);
        string output = await last.StandardOutput.ReadToEndAsync(TestLedger.Stop);
        string error = await last.StandardError.ReadToEndAsync(TestLedger.Stop);
        await last.WaitForExitAsync(TestLedger.Stop);
        Assert.True(last.ExitCode == 0, error);
        LedgerPicture before = await source.ReadAsync();
        JsonElement report = JsonElement.Parse(output);
        Assert.True(report.GetProperty("complete").GetBoolean());
        Assert.Equal(before.Records.Count, report.GetProperty("records").GetInt32());
        await using StoreUnderTest moved = await StoreUnderTest.OpenAsync(place, new StoreShape(), source.Time);
        before.AssertSame(await LedgerPicture.TakeAsync(moved));
        await moved.AssertSoundAsync();
    }

    [Fact]
    public async Task The_command_of_the_document_works_and_serve_refuses_what_it_did_not_finish()
    {
        await using SourceLedger source = await SourceLedger.MakeAsync(32, requests: 5);
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        string document = await File.ReadAllTextAsync(Checkout.PathOf("docs/operating.md"), TestLedger.Stop);
        string line = Regex.Match(document, "(?<=^metering )migrate --from .*$", RegexOptions.Multiline).Value;
        string[] arguments =
        [
            .. Regex.Matches(line, "'[^']*'|[^ ']+", RegexOptions.NonBacktracking).Select(word => word.Value.Trim('\''))
                .Select(word => word.StartsWith("sqlite:", StringComparison.Ordinal) ? $"sqlite:{source.Folder}"
                    : word.StartsWith("postgres:", StringComparison.Ordinal) ? To(place)
                    : word),
        ];
        Assert.Equal(["migrate", "--from", $"sqlite:{source.Folder}", "--to", To(place)], arguments);

        await Assert.ThrowsAsync<DeathException>(() => Moves.RunAsync(source, place, target => new MortalTarget(target, 1, diesAfter: true)));
        string data = Path.Combine(source.Folder, "node");
        (int code, string _, string refusal) = await RunAsync(
            "serve", "--data", data, "--store", To(place), "--listen-http", "127.0.0.1:0", "--listen-grpc", "none", "--listen-https", "none");
        Assert.Equal(4, code);
        Assert.Contains("is being moved into it", refusal);

        (code, string output, string error) = await RunAsync(arguments);
        Assert.True(code == 0, error);
        Assert.Contains("the same to the last record", output);
        Assert.Contains("Comparing:", error); // a pipe gets lines
        Assert.DoesNotContain('\r', error);
    }

    private static string To(SchemaPlace place) => $"postgres: {place.Server.Connection()};Search Path={place.Schema}";

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using Process process = Start(arguments);
        Task<string> error = process.StandardError.ReadToEndAsync(TestLedger.Stop);
        string output = await process.StandardOutput.ReadToEndAsync(TestLedger.Stop);
        await process.WaitForExitAsync(TestLedger.Stop);
        return (process.ExitCode, output, await error);
    }

    private static Process Start(params string[] arguments) => Process.Start(
        new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "metering.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
}
