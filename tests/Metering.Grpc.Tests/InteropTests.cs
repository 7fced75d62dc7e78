using System.Text.Json;

namespace Metering.Grpc.Tests;

/// <summary>gRPC's interop cases, run by the client libraries of others. The scripts stand in tests/interop-*.</summary>
[Collection(ProcessesOfTheirOwn.Name)]
public sealed class InteropTests(InteropHost host) : IClassFixture<InteropHost>
{
    // Not whatever python3 comes first: the packages python3-grpcio and python3-protobuf, which ./test.sh installs, are its own.
    private const string DebianPython = "/usr/bin/python3";

    private static readonly string[] Cases =
    [
        "empty_unary", "large_unary", "client_compressed_unary", "server_compressed_unary", "client_streaming",
        "client_compressed_streaming", "server_streaming", "server_compressed_streaming", "ping_pong", "empty_stream",
        "cancel_after_begin", "cancel_after_first_response", "timeout_on_sleeping_server", "custom_metadata",
        "status_code_and_message", "special_status_message", "unimplemented_method", "unimplemented_service",
    ];

    [Fact]
    public async Task Every_case_passes_with_grpc_js()
    {
        string folder = Path.Combine(Checkout.Root, "tests", "interop-node");
        Assert.True(
            Directory.Exists(Path.Combine(folder, "node_modules")), "tests/interop-node is not installed: run ./test.sh, or npm ci there.");

        await AssertPassedAsync("node", Path.Combine(folder, "interop.mjs"), "--server", host.Address);
    }

    [Fact]
    public async Task Every_case_passes_with_the_C_core() =>
        await AssertPassedAsync(
            DebianPython, "-B", Path.Combine(Checkout.Root, "tests", "interop-python", "interop.py"), host.Address);

    private async Task AssertPassedAsync(string command, params string[] arguments)
    {
        using Child client = Child.Start(command, arguments);
        var passed = new List<string>();
        var failures = new List<string>();
        while (await client.ReadLineAsync() is { } line)
        {
            JsonElement result = JsonElement.Parse(line);
            if (result.GetProperty("ok").GetBoolean())
                passed.Add(result.GetProperty("case").GetString()!);
            else
                failures.Add(line);
        }

        Assert.True(failures.Count == 0 && passed.Count > 0, $"{string.Join('\n', failures)}\n{client.Errors}\n{host.Errors}");
        Assert.True(passed.Count == Cases.Length, $"{passed.Count} of {Cases.Length} cases ended.\n{client.Errors}\n{host.Errors}");
        Assert.Equal(Cases.Order(StringComparer.Ordinal), passed.Order(StringComparer.Ordinal));
        Assert.Equal(0, await client.ExitAsync());
    }
}

/// <summary>Tests that start other programs run by themselves: those have their own patience, and the processors are few.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class ProcessesOfTheirOwn
{
    public const string Name = "processes of their own";
}
