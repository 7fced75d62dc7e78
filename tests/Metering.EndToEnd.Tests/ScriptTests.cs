using System.Text.RegularExpressions;

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
    public async Task The_write_rate_is_measured_by_one_command()
    {
        string output = (await RunAsync("bench/write-rate.sh", "1")).Succeeded();
        Match accepted = Regex.Match(output, @"verdicts\s+ACCEPTED ([\d,]+)");
        Assert.True(accepted.Success && accepted.Groups[1].Value != "0", output);
    }

    private static Task<Finished> RunAsync(string script, params string[] arguments) =>
        Programs.RunAsync(Checkout.PathOf(script), arguments);
}
