using Metering.Client.Tests;
using Metering.Contracts.V1;

namespace Metering.Cli.Tests;

public sealed class CommonOptionsTests : IDisposable
{
    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public async Task A_data_directory_gives_the_admin_token()
    {
        await using ScriptedServer server = await StartAsync();
        _line.Write("elsewhere/admin.token", "from-data\n");
        _line.Write("metering-data/admin.token", "from-default\n");
        _line.Write("file.token", "from-file");

        await _line.RunAsync("catalog", "show", "--address", server.Address);
        await _line.RunAsync("catalog", "show", "--address", server.Address, "--data", "elsewhere");
        _line.Environment["METERING_ADMIN_TOKEN"] = "from-environment";
        await _line.RunAsync("catalog", "show", "--address", server.Address, "--data", "elsewhere");
        await _line.RunAsync("catalog", "show", "--address", server.Address, "--admin-token-file", "file.token");

        Assert.Equal(
            ["Bearer from-default", "Bearer from-data", "Bearer from-environment", "Bearer from-file"],
            server.Exchanges.Select(exchange => exchange.Headers["authorization"]));
    }

    [Fact]
    public async Task The_token_of_a_local_data_directory_is_not_sent_to_another_host_unasked()
    {
        _line.Write("metering-data/admin.token", "secret");

        Outcome outcome = await _line.RunAsync("catalog", "show", "--address", "http://metering.invalid:8081");

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("No admin token: pass --data DIR", outcome.Error);
    }

    [Fact]
    public async Task Without_an_admin_token_the_message_says_where_it_was_looked_for()
    {
        Outcome outcome = await _line.RunAsync("usage");

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains($"No admin token in {Path.Combine(_line.Folder, "metering-data")}", outcome.Error);
    }

    [Fact]
    public async Task A_known_ca_makes_tls_the_default()
    {
        _line.Write("metering-data/tls/ca.pem", "no certificate");
        _line.Environment["METERING_TOKEN"] = "t1";

        Outcome outcome = await _line.RunAsync("write", "--instance", "i", "--sku", "s", "--quantity", "1");

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("ca.pem holds no certificate", outcome.Error);
    }

    [Fact]
    public async Task A_server_that_is_not_there_ends_with_3_and_advice()
    {
        Outcome outcome = await _line.RunAsync(
            "write", "--address", "http://127.0.0.1:1", "--token", "t", "--instance", "i", "--sku", "s", "--quantity", "1");

        Assert.Equal(3, outcome.ExitCode);
        Assert.Contains("Nothing listens on http://127.0.0.1:1: is `metering serve` running", outcome.Error);
        Assert.DoesNotContain("   at ", outcome.Error);
    }

    [Theory]
    [InlineData("Who calls? Please pass --key FILE", "write", "--instance", "i", "--sku", "s", "--quantity", "1")]
    [InlineData(
        "Both a key and a token were given", "write", "--instance", "i", "--sku", "s", "--quantity", "1", "--key", "k", "--token", "t")]
    [InlineData("The key file", "write", "--instance", "i", "--sku", "s", "--quantity", "1", "--key", "none.json")]
    [InlineData("Address is 'localhost:8081': expected http://HOST:PORT", "token", "revoke", "--token", "t", "--address", "localhost:8081")]
    [InlineData("Unrecognized command or argument 'wirte'", "wirte")]
    [InlineData("Required command was not provided", "catalog")]
    [InlineData("Option '--file' is required", "catalog", "apply")]
    [InlineData("The catalog", "catalog", "apply", "-f", "none.yaml", "--admin-token-file", "metering-data/admin.token")]
    [InlineData("The admin token file", "catalog", "show", "--admin-token-file", "none")]
    public async Task Wrong_arguments_end_with_2_and_one_message(string message, params string[] arguments)
    {
        _line.Write("metering-data/admin.token", "a");

        Outcome outcome = await _line.RunAsync(arguments);

        Assert.Equal(2, outcome.ExitCode);
        Assert.StartsWith($"error: {message}", outcome.Error);
        Assert.Single(outcome.Error.Split('\n'), line => line.StartsWith("error:", StringComparison.Ordinal));
        Assert.Empty(outcome.Output);
    }

    [Fact]
    public async Task What_is_typed_outranks_the_environment()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = CommandLine.AcceptAll;
        _line.Environment["METERING_KEY"] = "none.json";

        Outcome outcome = await _line.RunAsync(
            "write", "--address", server.Address, "--token", "typed", "--instance", "i", "--sku", "s", "--quantity", "1");

        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal("Bearer typed", Assert.Single(server.Exchanges).Headers["authorization"]);
    }

    [Theory]
    [InlineData("Bearer typed", "--token", "typed")]
    [InlineData("Bearer from-file", "--admin-token-file", "file.token")]
    [InlineData("Bearer env-admin")]
    public async Task A_reading_command_takes_what_is_typed_then_the_environments_admin_token(string expected, params string[] typed)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = _ => ScriptedServer.Reply(new QueryUsageResponse());
        _line.Write("file.token", "from-file");
        _line.Write("metering-data/admin.token", "from-data");
        _line.Environment["METERING_ADMIN_TOKEN"] = "env-admin";
        _line.Environment["METERING_TOKEN"] = "env-token";

        Assert.Equal(0, (await _line.RunAsync(["usage", "--address", server.Address, .. typed])).ExitCode);

        Assert.Equal(expected, Assert.Single(server.Exchanges).Headers["authorization"]);
    }

    [Theory]
    [InlineData("env-token", "Bearer env-token")]
    [InlineData(null, "Bearer from-data")]
    public async Task A_reading_command_takes_an_account_of_the_environment_before_the_data_directorys_admin_token(string? token, string expected)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = _ => ScriptedServer.Reply(new QueryUsageResponse());
        _line.Write("metering-data/admin.token", "from-data");
        if (token is not null)
            _line.Environment["METERING_TOKEN"] = token;

        Assert.Equal(0, (await _line.RunAsync("usage", "--address", server.Address)).ExitCode);

        Assert.Equal(expected, Assert.Single(server.Exchanges).Headers["authorization"]);
    }

    [Fact]
    public async Task An_admin_and_an_account_at_once_are_refused_for_reading()
    {
        Outcome outcome = await _line.RunAsync("records", "--token", "t", "--admin-token-file", "a");
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("choose one of --admin-token-file, --key and --token", outcome.Error);
    }

    [Theory]
    [InlineData("catalog apply")]
    [InlineData("catalog show")]
    [InlineData("key create")]
    [InlineData("key delete")]
    [InlineData("token create")]
    [InlineData("token revoke")]
    [InlineData("write")]
    [InlineData("usage")]
    [InlineData("lookup")]
    [InlineData("records")]
    [InlineData("rejected")]
    [InlineData("rejected replay")]
    [InlineData("export")]
    [InlineData("watch")]
    [InlineData("consumers list")]
    [InlineData("consumers delete")]
    [InlineData("skew")]
    public async Task Help_of_every_command_ends_with_examples(string command)
    {
        Outcome outcome = await _line.RunAsync([.. command.Split(' '), "--help"]);

        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("Examples:\n  ", outcome.Output);
        Assert.Contains($"metering {command}", outcome.Output[outcome.Output.IndexOf("Examples:", StringComparison.Ordinal)..]);
        Assert.Empty(outcome.Error);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData]
    public async Task Help_of_the_whole_lists_commands_and_exit_codes(params string[] arguments)
    {
        Outcome outcome = await _line.RunAsync(arguments);

        Assert.Contains("Exit codes:", outcome.Output);
        foreach (string command in new[] { "catalog", "key", "token", "write", "usage", "lookup", "records", "rejected", "export", "watch", "consumers", "skew" })
            Assert.Contains($"  {command} ", outcome.Output);
    }

    [Fact]
    public void Commands_reach_the_server_through_the_client_alone()
    {
        IEnumerable<string?> references = typeof(Program).Assembly.GetReferencedAssemblies().Select(reference => reference.Name);

        Assert.DoesNotContain(references, name => name!.StartsWith("Metering.Ledger", StringComparison.Ordinal));
    }

    private static async Task<ScriptedServer> StartAsync()
    {
        ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = _ => ScriptedServer.Reply(new GetCatalogResponse { Yaml = "products: []\n" });
        return server;
    }
}
