using Google.Protobuf;
using global::Grpc.Health.V1;
using ServingStatus = global::Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Metering.Grpc.Tests;

public sealed class HealthTests : IAsyncLifetime
{
    private const string Check = "/grpc.health.v1.Health/Check";
    private const string Watch = "/grpc.health.v1.Health/Watch";

    private readonly HealthService _health = new();
    private ProbeHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ProbeHost.StartAsync(_health.Service);

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Check_answers_what_the_host_says_and_not_found_for_what_it_never_named()
    {
        _health.SetServing("", true);
        _health.SetServing("a.B", false);

        GrpcAnswer whole = await _host.CallAsync(Check, new HealthCheckRequest());
        GrpcAnswer part = await _host.CallAsync(Check, new HealthCheckRequest { Service = "a.B" });
        Assert.Equal(ServingStatus.Serving, StatusOf(Assert.Single(whole.Messages)));
        Assert.Equal(ServingStatus.NotServing, StatusOf(Assert.Single(part.Messages)));
        Assert.Equal(RpcCode.NotFound, (await _host.CallAsync(Check, new HealthCheckRequest { Service = "x" })).Code);
    }

    [Fact]
    public async Task Watch_tells_every_change_and_an_unknown_service_until_it_is_known()
    {
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        int stream = await WatchAsync(client, "a.B");
        Assert.Equal(RawFrame.Headers, (await client.ReadAsync(stream)).Type);
        Assert.Equal(ServingStatus.ServiceUnknown, await NextAsync(client, stream));

        _health.SetServing("a.B", true);
        Assert.Equal(ServingStatus.Serving, await NextAsync(client, stream));

        // A change of something else, and none at all, say nothing: the next message is the next change.
        _health.SetServing("", false);
        _health.SetServing("a.B", true);
        _health.SetServing("a.B", false);
        Assert.Equal(ServingStatus.NotServing, await NextAsync(client, stream));
    }

    [Fact]
    public async Task A_stopping_server_is_not_serving_and_its_watches_end()
    {
        _health.SetServing("", true);
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        int stream = await WatchAsync(client, "");
        Assert.Equal(RawFrame.Headers, (await client.ReadAsync(stream)).Type);
        Assert.Equal(ServingStatus.Serving, await NextAsync(client, stream));

        Task stopping = _host.StopAsync();

        Assert.Equal(ServingStatus.NotServing, await NextAsync(client, stream));
        Assert.True(Assert.Single(await client.ReadToEndAsync(stream)).Spells("grpc-status", "14"));
        await stopping;
    }

    private static async Task<int> WatchAsync(RawHttp2 client, string service)
    {
        int stream = await client.OpenAsync(Watch);
        await client.SendDataAsync(stream, GrpcClient.Frame(new HealthCheckRequest { Service = service }.ToByteArray()), endStream: true);
        return stream;
    }

    private static async Task<ServingStatus> NextAsync(RawHttp2 client, int stream)
    {
        RawFrame frame = await client.ReadAsync(stream);
        Assert.Equal(RawFrame.Data, frame.Type);
        return StatusOf(frame.Payload[5..]);
    }

    private static ServingStatus StatusOf(byte[] message) => HealthCheckResponse.Parser.ParseFrom(message).Status;
}
