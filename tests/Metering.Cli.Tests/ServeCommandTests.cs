using System.Net;
using Metering.Server;

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

    [Theory]
    [InlineData("127.0.0.1:8443", null, "")]
    [InlineData("0.0.0.0:8443", null, "")]
    [InlineData("127.0.0.1:9443", "127.0.0.1:8081", " --address https://localhost:9443")]
    [InlineData("192.0.2.1:443", null, " --address https://metering.example.org:443")]
    [InlineData(null, "127.0.0.1:8081", " --address http://localhost:8081")]
    [InlineData(null, "192.0.2.1:8081", " --address http://192.0.2.1:8081")]
    public void What_to_try_next_names_the_address_where_the_commands_would_not_look(string? https, string? grpc, string address)
    {
        using var output = new StringWriter();
        var terminal = new Terminal
        {
            Output = output,
            Error = output,
            OpenInput = () => Stream.Null,
            Environment = _ => null,
            Folder = _line.Folder,
            OutputIsTerminal = false,
            ErrorIsTerminal = false,
            Width = 120,
            Time = TimeProvider.System,
        };
        var listening = new ListenAddresses(null, grpc is null ? null : IPEndPoint.Parse(grpc), https is null ? null : IPEndPoint.Parse(https));

        ServerBanner.Write(
            new ServerFacts(
                listening, "metering.example.org:443", Path.Combine(_line.Folder, "metering-data"), "admin.token", null, EmulatorMode.Off, 1, [],
                new WriteExample("account", "instance", "sku")),
            terminal);

        Assert.Contains($"\n  metering usage{address}\n", output.ToString());
    }
}
