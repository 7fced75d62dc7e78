using Metering.Grpc.Tests.Protos;

namespace Metering.Grpc.Tests;

public sealed class RegistrationTests
{
    private static readonly Google.Protobuf.Reflection.ServiceDescriptor Probe = ProbeReflection.Descriptor.Services.Single();

    [Fact]
    public void A_service_with_methods_missing_is_refused_and_each_is_named()
    {
        RpcService service = new RpcService(Probe).Unary<BehaveRequest, BehaveResponse>("Behave", (_, _) => new(new BehaveResponse()), 1);

        ArgumentException fault = Assert.Throws<ArgumentException>(() => new RpcServices([service]));

        Assert.Contains("metering.grpc.tests.Probe.Echo has no handler; ", fault.Message, StringComparison.Ordinal);
        Assert.Contains("metering.grpc.tests.Probe.Find has no handler; ", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Behave", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_method_that_is_left_out_on_purpose_is_unimplemented()
    {
        RpcService service = new RpcService(Probe)
            .Unary<BehaveRequest, BehaveResponse>("Behave", (_, _) => new(new BehaveResponse()), 1);
        foreach (string method in Probe.Methods.Select(method => method.Name).Where(name => name != "Behave"))
            service.Unserved(method);
        Assert.Throws<ArgumentException>(() => service.Unserved("Behave"));
        Assert.Throws<ArgumentException>(() => service.Unserved("Nothing"));

        await using ProbeHost host = await ProbeHost.StartAsync(service);

        Assert.Equal(RpcCode.Ok, (await host.CallAsync("/metering.grpc.tests.Probe/Behave", new BehaveRequest())).Code);
        Assert.Equal(RpcCode.Unimplemented, (await host.CallAsync("/metering.grpc.tests.Probe/Echo", new BehaveRequest())).Code);
    }

    [Fact]
    public void A_service_that_is_there_twice_is_refused() => Assert.Contains(
        "metering.grpc.tests.Probe is registered 2 times",
        Assert.Throws<ArgumentException>(() => new RpcServices([new ProbeService().Service, new ProbeService().Service])).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Methods_are_registered_as_they_are_declared()
    {
        var service = new RpcService(Probe);
        Func<BehaveRequest, RpcCall, ValueTask<RpcResult<BehaveResponse>>> handler = (_, _) => new(new BehaveResponse());

        AssertRefused("Nothing", "has no method Nothing");
        AssertRefused("Collect", "does not stream");
        AssertRefused("Echo", "declared with");
        Assert.Throws<ArgumentOutOfRangeException>(() => service.Unary("Behave", handler, 0));
        service.Unary("Behave", handler, 1);
        AssertRefused("Behave", "was registered before");

        void AssertRefused(string method, string reason)
        {
            ArgumentException fault = Assert.Throws<ArgumentException>(() => service.Unary(method, handler, 1));
            Assert.Contains(reason, fault.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("no/slash")]
    [InlineData("/a//b")]
    [InlineData("/a/{b")]
    [InlineData("/a/{b}c")]
    [InlineData("/**/a")]
    [InlineData("/a/{b={c}}")]
    public void A_path_template_that_is_none_is_refused(string text) => Assert.Throws<FormatException>(() => PathTemplate.Parse(text));

    [Fact]
    public void A_result_is_a_value_or_a_refusal()
    {
        RpcResult<string> value = "v";
        RpcResult<string> refusal = new RpcStatus(RpcCode.NotFound, "n");

        Assert.Equal((true, "v", null), (value.IsOk, value.Value, value.Status));
        Assert.Equal((false, RpcCode.NotFound), (refusal.IsOk, refusal.Status!.Code));
        Assert.Throws<InvalidOperationException>(() => refusal.Value);
        Assert.Throws<ArgumentException>(() => { RpcResult<string> ok = RpcStatus.Ok; });
    }
}
