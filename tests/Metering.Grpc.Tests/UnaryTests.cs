using Metering.Grpc.Tests.Protos;

namespace Metering.Grpc.Tests;

public sealed class UnaryTests : IAsyncLifetime
{
    private const string Behave = "/metering.grpc.tests.Probe/Behave";

    private readonly ProbeService _probe = new();
    private ProbeHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ProbeHost.StartAsync(_probe.Service);

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_message_is_answered_with_a_message_and_ok_in_trailers()
    {
        GrpcAnswer answer = await _host.CallAsync(Behave, new BehaveRequest { Text = "hello", Count = 7 });

        Assert.Equal(RpcCode.Ok, answer.Code);
        Assert.False(answer.IsTrailersOnly);
        BehaveResponse response = BehaveResponse.Parser.ParseFrom(Assert.Single(answer.Messages));
        Assert.Equal(("hello", 7), (response.Text, response.Count));
        Assert.True(_probe.BehaveCodec.EachReleasedOnce);
    }

    [Fact]
    public async Task A_refusal_is_trailers_only_and_keeps_the_middlewares_headers()
    {
        _probe.Behave = (_, _) => new(new RpcStatus(RpcCode.NotFound, "no such \"ключ\" 100%"));

        GrpcAnswer answer = await _host.CallAsync(Behave, new BehaveRequest());

        Assert.Equal(RpcCode.NotFound, answer.Code);
        Assert.Equal("no such \"ключ\" 100%", answer.Message);
        Assert.True(answer.IsTrailersOnly);
        Assert.Equal("from-middleware", answer.Headers.GetValues("x-request-id").Single());
    }
}
