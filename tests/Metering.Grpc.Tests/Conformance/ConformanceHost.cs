namespace Metering.Grpc.Tests;

/// <summary>A probe with its default answers, for the tests of a class that do not change them. The clock stands still.</summary>
public sealed class ConformanceHost : IAsyncLifetime
{
    private const string Service = "/metering.grpc.tests.Probe/";

    /// <summary>One method of each shape: unary, client-streaming, server-streaming, both.</summary>
    public static readonly string[] Shapes = ["Behave", "Collect", "Repeat", "Converse"];

    /// <summary>Those that take exactly one message.</summary>
    public static readonly string[] SingleRequestShapes = ["Behave", "Repeat"];

    internal ProbeService Probe { get; } = new();

    internal ManualTime Time { get; } = new();

    internal ProbeHost Host { get; private set; } = null!;

    public static string PathOf(string shape) => Service + shape;

    public async ValueTask InitializeAsync() => Host = await ProbeHost.StartAsync(Time, Probe.Service);

    public ValueTask DisposeAsync() => Host.DisposeAsync();

    internal Task<RawHttp2> ConnectAsync() => RawHttp2.ConnectAsync(Host.GrpcAddress);

    /// <summary>One call on a connection of its own; the client half-closes after the body.</summary>
    internal async Task<RawAnswer> CallAsync(string shape, byte[] body, params (string Name, string Value)[] headers)
    {
        using RawHttp2 client = await ConnectAsync();
        int stream = await client.OpenAsync(PathOf(shape), headers);
        await client.SendDataAsync(stream, body, endStream: true);
        return await RawAnswer.ReadAsync(client, stream);
    }
}
