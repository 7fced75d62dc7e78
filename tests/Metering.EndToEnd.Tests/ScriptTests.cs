using System.Text.Json;

namespace Metering.EndToEnd.Tests;

/// <summary>The scripts of the checkout, as a person runs them.</summary>
public class ScriptTests
{
    [Fact]
    public async Task The_command_is_quiet_when_nothing_changed_and_passes_arguments_and_exit_code_on()
    {
        // Either it builds first, or it was built: afterwards it says only what the command says.
        (await RunAsync("./metering", "--version")).Succeeded();
        Finished version = await RunAsync("./metering", "--version");
        Assert.Matches(@"^\d+\.\d+\.\d+\S*\n$", version.Succeeded());
        Assert.Empty(version.Errors);

        Finished refused = await RunAsync("./metering", "write", "--instance", "two words", "--file", "no such file.csv", "--token", "t");
        Assert.Equal(2, refused.ExitCode);
        Assert.Contains("no such file.csv", refused.Errors);
    }

    [Fact]
    public async Task The_cost_of_the_grpc_layer_is_measured_by_one_command()
    {
        using var folder = new TemporaryDirectory();
        string output = (await RunAsync("bench/grpc-cost.sh", "--short", "--json", folder["cost.json"])).Succeeded();
        Assert.Matches(@"now, with a deadline\s+[\d,]+\s+[\d,]+\s+[\d.]+ %", output);

        string json = await File.ReadAllTextAsync(folder["cost.json"], TestContext.Current.CancellationToken);
        using JsonDocument figures = JsonDocument.Parse(json);
        JsonElement[] cases = [.. figures.RootElement.GetProperty("cases").EnumerateArray()];
        Assert.Equal(4, cases.Length);
        Assert.All(cases, called => Assert.All(called.GetProperty("rounds").EnumerateArray(), round =>
        {
            Assert.True(round.GetProperty("bare").GetProperty("calls").GetInt64() > 0);
            Assert.True(round.GetProperty("layer").GetProperty("calls").GetInt64() > 0);
        }));

        string program = Checkout.PathOf("artifacts/bin/Metering.Grpc.Cost/release/Metering.Grpc.Cost.dll");
        Finished refused = await Programs.RunAsync("dotnet", [program, "--streams", "0"]);
        Assert.Equal((1, "--streams must be from 1 to 100."), (refused.ExitCode, refused.Errors.Trim()));
    }

    private static Task<Finished> RunAsync(string script, params string[] arguments) =>
        Programs.RunAsync(Checkout.PathOf(script), arguments);
}
