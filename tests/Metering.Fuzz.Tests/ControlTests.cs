using System.Net;
using Google.Protobuf;
using Metering.Grpc;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yandex.Cloud.Iam.V1;

namespace Metering.Fuzz.Tests;

/// <summary>Controls: a server that is broken on purpose, for one input in many, is found out, and the input named.</summary>
public class ControlTests
{
    private const int Inputs = 64;
    private const int Broken = 40; // the number of the one input that the handler cannot stand

    // The server never answers, so any patience finds it; this one is still long enough for the other inputs.
    private static readonly TimeSpan ShortPatience = TimeSpan.FromSeconds(5);

    public static TheoryData<string, string> Faults => new()
    {
        { "throws", "INTERNAL that does not say what is wrong with the request" },
        { "logs", "the server logged: Error Metering.Grpc" },
        { "says UNKNOWN", "grpc-status 2 is not documented" },
        { "blames itself", "INTERNAL that does not say what is wrong with the request" },
        { "breaks off", "HTTP/2 error code 2 is not documented" },
        { "hangs", "no answer and no end in time" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_server_that_is_broken_for_one_input_is_found_out(string fault, string words)
    {
        var log = new CapturedLog();
        await using WebApplication application = await StartAsync(log, call => fault switch
        {
            "throws" or "logs" => throw new InvalidOperationException("on purpose"),
            "says UNKNOWN" => new(new RpcStatus(RpcCode.Unknown, "?")),
            "blames itself" => new(new RpcStatus(RpcCode.Internal, "oops")),
            "breaks off" => BreakOff(call),
            _ => Hang(call),
        });
        var target = new FuzzTarget(EndPointOf(application), EndPointOf(application), log, fault == "hangs" ? ShortPatience : FuzzTarget.LongPatience);
        var run = new FuzzRun(target, "numbered", Numbered);

        run.Run([.. Enumerable.Range(0, Inputs)], wellFormedEvery: 0, _ => { });

        Assert.Contains(run.Failures, failure => failure.Name == $"numbered:{Broken}" && failure.Why.StartsWith(words));
        Assert.DoesNotContain(run.Failures, failure => failure.Name != $"numbered:{Broken}");
        await application.StopAsync(new CancellationToken(canceled: true));
    }

    [Fact]
    public async Task A_server_in_order_passes()
    {
        var log = new CapturedLog();
        await using WebApplication application = await StartAsync(log, _ => new(new CreateIamTokenResponse()));
        var run = new FuzzRun(new FuzzTarget(EndPointOf(application), EndPointOf(application), log, FuzzTarget.LongPatience), "numbered", Numbered);

        run.Run([.. Enumerable.Range(0, Inputs)], wellFormedEvery: 0, _ => { });

        Assert.Empty(run.Failures);
        Assert.Equal(Inputs, run.Done);
        Assert.Equal(Inputs, run.Outcomes["gRPC 0"]);
    }

    [Fact]
    public async Task A_failure_names_the_command_that_sends_it_again_and_keeps_its_bytes()
    {
        FuzzInput input = InputFamilies.Make(InputFamilies.All[0], seed: 7, number: 3);
        string path = new FuzzFailure("control:3", input, "on purpose", null).Keep(seed: 7);

        Assert.Equal(input.Bytes, await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken));
        Assert.Equal(input.Carriage, FuzzInput.Load(path).Carriage);
        File.Delete(path);
        Assert.Equal(
            "METERING_FUZZ_SEED=7 METERING_FUZZ_INPUT=frames:3 ./test.sh Metering.Fuzz.Tests", new FuzzSettings(7, 100, null).Replay("frames", 3));
        Assert.Equal([3], new FuzzSettings(7, 100, ("frames", 3)).NumbersOf(InputFamilies.All[0]));
    }

    private static async Task<WebApplication> StartAsync(CapturedLog log, Func<RpcCall, ValueTask<RpcResult<CreateIamTokenResponse>>> broken)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Logging.AddProvider(log);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        WebApplication application = builder.Build();
        RpcService service = new RpcService(IamTokenServiceReflection.Descriptor.Services[0])
            .Unary<CreateIamTokenRequest, CreateIamTokenResponse>(
                "Create", (request, call) => request.Jwt == $"{Broken}" ? broken(call) : new(new CreateIamTokenResponse()), 1024)
            .Unserved("CreateForServiceAccount").Unserved("Revoke");
        application.UseRpc(new RpcServices([service]));
        await application.StartAsync(TestContext.Current.CancellationToken);
        return application;
    }

    private static IPEndPoint EndPointOf(WebApplication application) =>
        IPEndPoint.Parse(new Uri(application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Authority);

    private static async ValueTask<RpcResult<CreateIamTokenResponse>> Hang(RpcCall call)
    {
        await Task.Delay(Timeout.Infinite, call.CancellationToken);
        return new CreateIamTokenResponse();
    }

    private static ValueTask<RpcResult<CreateIamTokenResponse>> BreakOff(RpcCall call)
    {
        call.HttpContext.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpResetFeature>()!.Reset(2);
        return new(new CreateIamTokenResponse());
    }

    private static FuzzInput Numbered(int number)
    {
        var seed = new GrpcSeed(GrpcSeed.ExchangePath, "", new CreateIamTokenRequest { Jwt = $"{number}" }.ToByteArray());
        return new FuzzInput(Carriage.Http2Stream, FrameBytes.Request(HeaderBlock.Write(seed.Headers()), GrpcSeed.Frame(seed.Message)))
        {
            Counting = Counting.None,
        };
    }
}
