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
    public async Task A_server_that_is_not_ready_is_not_serving_and_its_watchers_hear_when_it_is()
    {
        _health.SetServing("", true);
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        int stream = await WatchAsync(client, "");
        Assert.Equal(RawFrame.Headers, (await client.ReadAsync(stream)).Type);
        Assert.Equal(ServingStatus.Serving, await NextAsync(client, stream));

        _health.SetReady(false);
        Assert.Equal(ServingStatus.NotServing, await NextAsync(client, stream));
        Assert.Equal(ServingStatus.NotServing, StatusOf(Assert.Single((await _host.CallAsync(Check, new HealthCheckRequest())).Messages)));
        _health.SetReady(true);
        Assert.Equal(ServingStatus.Serving, await NextAsync(client, stream));
        Assert.Equal(ServingStatus.Serving, StatusOf(Assert.Single((await _host.CallAsync(Check, new HealthCheckRequest())).Messages)));
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

    [Fact]
    public async Task A_check_while_a_connection_still_drains_answers_not_serving()
    {
        var probe = new ProbeService();
        var started = new TaskCompletionSource();
        var commit = new TaskCompletionSource();
        probe.Behave = async (_, _) =>
        {
            started.SetResult();
            await commit.Task;
            return new Protos.BehaveResponse();
        };
        await using ProbeHost host = await ProbeHost.StartAsync(probe.Service, _health.Service);
        _health.SetServing("", true);
        using RawHttp2 client = await RawHttp2.ConnectAsync(host.GrpcAddress);
        int draining = await client.OpenAsync(ConformanceHost.PathOf("Behave"));
        await client.SendDataAsync(draining, GrpcClient.Frame([]), endStream: true);
        await started.Task.WaitAsync(TestContext.Current.CancellationToken);

        Task stopping = host.StopAsync();
        await client.ReadGoAwayAsync();

        // A client that has not seen the GOAWAY yet.
        int stream = await client.OpenAsync(Check);
        await client.SendDataAsync(stream, GrpcClient.Frame(new HealthCheckRequest().ToByteArray()), endStream: true);
        RawAnswer answer = await RawAnswer.ReadAsync(client, stream);
        Assert.Equal(ServingStatus.NotServing, StatusOf(Assert.Single(answer.Messages)));
        commit.SetResult();
        Assert.Equal(RpcCode.Ok, (await RawAnswer.ReadAsync(client, draining)).Code);
        client.Dispose();
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
