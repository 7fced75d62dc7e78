using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using Google.Rpc;
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
        Assert.Equal("no such \"%D0%BA%D0%BB%D1%8E%D1%87\" 100%25", answer.Headers.GetValues("grpc-message").Single());
        Assert.True(answer.IsTrailersOnly);
        Assert.Equal("from-middleware", answer.Headers.GetValues("x-request-id").Single());
        Assert.True(_probe.BehaveCodec.EachReleasedOnce);
    }

    [Fact]
    public async Task A_refusal_is_one_headers_frame_that_ends_the_stream()
    {
        _probe.Behave = (_, _) => new(new RpcStatus(RpcCode.Unavailable, "later"));
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        int stream = await client.OpenAsync(Behave);
        await client.SendDataAsync(stream, GrpcClient.Frame([]), endStream: true);

        RawFrame only = Assert.Single(await client.ReadToEndAsync(stream));

        Assert.Equal(RawFrame.Headers, only.Type);
        Assert.True(only.EndsStream);
        Assert.True(only.Spells("grpc-status", "14"));
        Assert.True(only.Spells("grpc-message", "later"));
    }

    [Theory]
    [InlineData("application/grpc", true)]
    [InlineData("application/grpc+proto", true)]
    [InlineData("application/grpc; charset=utf-8", true)]
    [InlineData("Application/GRPC", true)]
    [InlineData("application/grpc+json", false)]
    [InlineData("application/grpc-web", false)]
    [InlineData("application/json", false)]
    public async Task Content_types_other_than_grpc_are_415(string contentType, bool isAccepted)
    {
        var content = new ByteArrayContent(GrpcClient.Frame([]));
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);

        GrpcAnswer answer = await _host.SendAsync(GrpcClient.Request(Behave, content));

        Assert.Equal(isAccepted ? HttpStatusCode.OK : HttpStatusCode.UnsupportedMediaType, answer.Http);
        Assert.Equal(isAccepted ? RpcCode.Ok : null, answer.Code);
    }

    [Fact]
    public async Task Other_methods_than_post_are_405()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Behave)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using HttpResponseMessage response = await _host.Grpc.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
        Assert.Equal(["POST"], response.Content.Headers.Allow);
    }

    [Fact]
    public async Task Http_1_is_asked_to_upgrade()
    {
        using var content = new ByteArrayContent(GrpcClient.Frame([]));
        content.Headers.ContentType = new("application/grpc");
        using HttpResponseMessage response = await _host.Rest.PostAsync(Behave, content, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.UpgradeRequired, response.StatusCode);
    }

    [Theory]
    [InlineData("/metering.grpc.tests.Probe/Nothing")]
    [InlineData("/metering.grpc.tests.Nobody/Behave")]
    [InlineData("/metering.grpc.tests.probe/behave")]
    [InlineData("/probe/v1/behave")]
    [InlineData("/")]
    public async Task Whatever_is_not_known_is_unimplemented(string path)
    {
        GrpcAnswer answer = await _host.SendAsync(path, GrpcClient.Frame([]));

        Assert.Equal((HttpStatusCode.OK, RpcCode.Unimplemented, $"unknown method {path}"), (answer.Http, answer.Code, answer.Message));
        Assert.True(answer.IsTrailersOnly);
    }

    [Fact]
    public async Task Details_travel_as_unpadded_base64_of_a_status()
    {
        var violation = new BadRequest { FieldViolations = { new BadRequest.Types.FieldViolation { Field = "f", Description = "плохо" } } };
        _probe.Behave = (_, _) => new(new RpcStatus(RpcCode.InvalidArgument, "no", [violation]));

        GrpcAnswer answer = await _host.CallAsync(Behave, new BehaveRequest());

        Google.Rpc.Status status = DetailsOf(answer);
        Assert.Equal((3, "no"), (status.Code, status.Message));
        Assert.Equal(violation, Assert.Single(status.Details).Unpack<BadRequest>());
    }

    [Fact]
    public async Task Trailers_stay_below_8_KiB_and_keep_as_many_violations_as_fit()
    {
        var violations = new BadRequest();
        for (int line = 0; line < 2000; line++)
            violations.FieldViolations.Add(new BadRequest.Types.FieldViolation { Field = $"a.yaml:{line}:1", Description = "unknown" });
        _probe.Behave = (_, _) => new(new RpcStatus(RpcCode.InvalidArgument, new string('я', 5000), [violations]));

        GrpcAnswer answer = await _host.CallAsync(Behave, new BehaveRequest());

        Assert.Equal(RpcCode.InvalidArgument, answer.Code);
        Assert.True(answer.Headers.Sum(header => header.Key.Length + header.Value.Sum(value => value.Length)) < 8192);
        Assert.EndsWith("я...", answer.Message, StringComparison.Ordinal);
        BadRequest kept = Assert.Single(DetailsOf(answer).Details).Unpack<BadRequest>();
        Assert.InRange(kept.FieldViolations.Count, 30, 1999);
        Assert.Equal(violations.FieldViolations.Take(kept.FieldViolations.Count), kept.FieldViolations);
    }

    [Fact]
    public async Task Trailers_of_the_handler_follow_the_message_or_the_refusal()
    {
        bool isRefused = false;
        _probe.Behave = (_, call) =>
        {
            call.AddTrailer("x-text", "value");
            call.AddTrailer("x-data-bin", [1, 2, 3, 255]);
            return new(isRefused ? new RpcStatus(RpcCode.Aborted, "no") : new BehaveResponse());
        };

        GrpcAnswer answer = await _host.CallAsync(Behave, new BehaveRequest());
        Assert.Equal(("value", "AQID/w"), (answer.Trailers.GetValues("x-text").Single(), answer.Trailers.GetValues("x-data-bin").Single()));
        Assert.False(answer.Headers.Contains("x-text"));

        isRefused = true;
        answer = await _host.CallAsync(Behave, new BehaveRequest());
        Assert.True(answer.IsTrailersOnly);
        Assert.Equal("value", answer.Headers.GetValues("x-text").Single());
    }

    [Theory]
    [InlineData("grpc-status", "0")]
    [InlineData("Upper", "v")]
    [InlineData("x-bin", "v")]
    [InlineData("", "v")]
    [InlineData("x", "a\r\nb")]
    [InlineData("x", "й")]
    public async Task Trailers_that_metadata_does_not_allow_are_a_fault_of_the_handler(string name, string value)
    {
        _probe.Behave = (_, call) =>
        {
            call.AddTrailer(name, value);
            return new(new BehaveResponse());
        };

        Assert.Equal(RpcCode.Internal, (await _host.CallAsync(Behave, new BehaveRequest())).Code);
        Assert.Single(_host.Log.Faults);
    }

    [Fact]
    public async Task An_exception_is_internal_says_nothing_is_logged_and_the_request_released()
    {
        _probe.Behave = async (_, _) =>
        {
            await Task.Yield();
            throw new InvalidOperationException("secret");
        };

        GrpcAnswer answer = await _host.CallAsync(Behave, new BehaveRequest());

        Assert.Equal((RpcCode.Internal, "internal error"), (answer.Code, answer.Message));
        Assert.True(answer.IsTrailersOnly);
        Assert.Contains("metering.grpc.tests.Probe/Behave failed", Assert.Single(_host.Log.Faults).Text, StringComparison.Ordinal);
        Assert.True(_probe.BehaveCodec.EachReleasedOnce);
    }

    [Fact]
    public async Task A_status_thrown_from_deep_inside_is_the_answer_and_no_fault()
    {
        _probe.Behave = (_, _) => throw new RpcException(new RpcStatus(RpcCode.FailedPrecondition, "not now"));

        GrpcAnswer answer = await _host.CallAsync(Behave, new BehaveRequest());

        Assert.Equal((RpcCode.FailedPrecondition, "not now"), (answer.Code, answer.Message));
        Assert.Empty(_host.Log.Faults);
    }

    [Fact]
    public async Task A_response_that_cannot_be_encoded_is_internal_without_half_a_message()
    {
        _probe.Behave = (_, _) => new(default(RpcResult<BehaveResponse>));

        GrpcAnswer answer = await _host.CallAsync(Behave, new BehaveRequest());

        Assert.Equal(RpcCode.Internal, answer.Code);
        Assert.True(answer.IsTrailersOnly);
        Assert.True(_probe.BehaveCodec.EachReleasedOnce);
    }

    [Fact]
    public async Task The_handler_sees_its_call()
    {
        string? seen = null;
        _probe.Behave = (_, call) =>
        {
            seen = $"{call.MethodName} {call.RequestHeaders["x-mine"]} {call.Deadline is null}";
            return new(new BehaveResponse());
        };

        await _host.CallAsync(Behave, new BehaveRequest(), ("x-mine", "header"));

        Assert.Equal("metering.grpc.tests.Probe/Behave header True", seen);
    }

    [Fact]
    public async Task A_reset_stream_cancels_the_call_and_its_request_is_released()
    {
        var started = new TaskCompletionSource();
        var cancelled = new TaskCompletionSource();
        _probe.Behave = async (_, call) =>
        {
            started.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, call.CancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancelled.SetResult();
            call.CancellationToken.ThrowIfCancellationRequested();
            return new BehaveResponse();
        };
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        int stream = await client.OpenAsync(Behave);
        await client.SendDataAsync(stream, GrpcClient.Frame([]), endStream: true);
        await started.Task.WaitAsync(TestContext.Current.CancellationToken);

        await client.ResetAsync(stream);

        await cancelled.Task.WaitAsync(TestContext.Current.CancellationToken);
        await Eventually.HoldsAsync(() => _probe.BehaveCodec.EachReleasedOnce);
        Assert.Empty(_host.Log.Faults);
    }

    [Fact]
    public async Task A_stream_reset_within_its_message_disturbs_nobody()
    {
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        byte[] body = GrpcClient.Frame(new BehaveRequest { Text = "half" }.ToByteArray());
        int broken = await client.OpenAsync(Behave);
        await client.SendDataAsync(broken, body.AsMemory(0, 7));
        await client.ResetAsync(broken);
        int whole = await client.OpenAsync(Behave);
        await client.SendDataAsync(whole, body, endStream: true);

        Assert.Equal(3, (await client.ReadToEndAsync(whole)).Count);
        Assert.Empty(_host.Log.Faults);
    }

    private static Google.Rpc.Status DetailsOf(GrpcAnswer answer)
    {
        string base64 = answer.Headers.GetValues("grpc-status-details-bin").Single();
        Assert.DoesNotContain('=', base64);
        return Google.Rpc.Status.Parser.ParseFrom(Convert.FromBase64String(base64.PadRight((base64.Length + 3) / 4 * 4, '=')));
    }
}
