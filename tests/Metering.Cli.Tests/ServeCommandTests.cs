namespace Metering.Cli.Tests;

public sealed class ServeCommandTests : IDisposable
{
    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Theory]
    [InlineData("--data", "DIR")]
    [InlineData("--catalog", "FILE")]
    [InlineData("--listen-http", "ADDR:PORT|none")]
    public async Task A_setting_without_a_value_is_refused_in_words(string option, string value)
    {
        Outcome outcome = await _line.RunAsync("serve", option, "");

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains($"error: {option} is empty: give {value}, or leave it out", outcome.Error);
    }
}
