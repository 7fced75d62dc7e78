using Google.Protobuf;
using Metering.Grpc.Tests.Protos;

namespace Metering.Grpc.Tests;

/// <summary>What HTTP/2 must say for a request to be a gRPC call, for each shape of call, frame by frame.</summary>
public sealed class HttpRulesTests(ConformanceHost conformance) : IClassFixture<ConformanceHost>
{
    private static readonly string[] Unknown =
    [
        "/metering.grpc.tests.Probe/Nothing", "/metering.grpc.tests.Nobody/Behave", "/metering.grpc.tests.Probe/behave",
        "/metering.grpc.tests.Probe/", "/metering.grpc.tests.Probe", "/Behave", "/", "//", "/a/b/c",
    ];

    private static readonly byte[] Message = GrpcClient.Frame(new BehaveRequest { Text = "t", Count = 1 }.ToByteArray());

    public static MatrixTheoryData<string, string> Accepted => new(
        ConformanceHost.Shapes, ["application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"]);

    public static MatrixTheoryData<string, string> Refused => new(
        ConformanceHost.Shapes,
        ["application/grpc+json", "application/grpc-web+proto", "application/grpcproto", "application/json", "text/plain", ""]);

    public static MatrixTheoryData<string, string> OtherMethods => new(ConformanceHost.Shapes, ["GET", "PUT", "DELETE", "OPTIONS"]);

    public static MatrixTheoryData<string, bool> HalfClosed => new(Unknown, [true, false]);

    [Theory]
    [MemberData(nameof(Accepted))]
    public async Task Both_content_types_of_grpc_are_taken(string shape, string contentType)
    {
        RawAnswer answer = await SendAsync([(":method", "POST"), (":path", ConformanceHost.PathOf(shape)), ("content-type", contentType)]);

        Assert.Equal(("200", RpcCode.Ok), (answer.HttpStatus, answer.Code));
        Assert.Equal("application/grpc", RawAnswer.Find(answer.Headers, "content-type"));
        Assert.Equal("t", BehaveResponse.Parser.ParseFrom(Assert.Single(answer.Messages)).Text);
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task Every_other_content_type_is_415(string shape, string contentType)
    {
        (string, string)[] type = contentType.Length == 0 ? [] : [("content-type", contentType)];
        RawAnswer answer = await SendAsync([(":method", "POST"), (":path", ConformanceHost.PathOf(shape)), .. type]);

        Assert.Equal(("415", null), (answer.HttpStatus, answer.Code));
    }

    [Theory]
    [MemberData(nameof(OtherMethods))]
    public async Task Every_other_method_than_post_is_405(string shape, string method)
    {
        RawAnswer answer = await SendAsync(
            [(":method", method), (":path", ConformanceHost.PathOf(shape)), ("content-type", "application/grpc")]);

        Assert.Equal(("405", null), (answer.HttpStatus, answer.Code));
        Assert.Equal("POST", RawAnswer.Find(answer.Headers, "allow"));
    }

    [Theory]
    [InlineData("Behave", null)]
    [InlineData("Behave", "trailers")]
    [InlineData("Collect", null)]
    [InlineData("Collect", "trailers")]
    [InlineData("Repeat", null)]
    [InlineData("Repeat", "trailers")]
    [InlineData("Converse", null)]
    [InlineData("Converse", "trailers")]
    public async Task Te_may_be_missing(string shape, string? te)
    {
        RawAnswer answer = await conformance.CallAsync(shape, Message, te is null ? [] : [("te", te)]);

        Assert.Equal(RpcCode.Ok, answer.Code);
        Assert.Single(answer.Messages);
    }

    [Theory]
    [MemberData(nameof(HalfClosed))]
    public async Task Whatever_is_not_known_is_unimplemented_whether_the_client_goes_on_or_not(string path, bool isHalfClosed)
    {
        using RawHttp2 client = await conformance.ConnectAsync();
        int stream = await client.OpenAsync(path);
        await client.SendDataAsync(stream, Message, isHalfClosed);

        RawAnswer answer = await RawAnswer.ReadAsync(client, stream);

        Assert.True(answer.IsTrailersOnly, $"{answer}");
        Assert.Equal(("200", RpcCode.Unimplemented, $"unknown method {path}"), (answer.HttpStatus, answer.Code, answer.Message));
        if (!isHalfClosed)
            await AssertToldToStopSendingAsync(client, stream);
    }

    [Fact]
    public async Task A_call_that_ends_with_its_headers_got_no_message()
    {
        using RawHttp2 client = await conformance.ConnectAsync();
        foreach (string shape in ConformanceHost.SingleRequestShapes)
        {
            int stream = await client.OpenAsync(
                [(":method", "POST"), (":path", ConformanceHost.PathOf(shape)), ("content-type", "application/grpc")], endStream: true);
            RawAnswer answer = await RawAnswer.ReadAsync(client, stream);
            Assert.True(answer.IsTrailersOnly, $"{answer}");
            Assert.Equal(RpcCode.Unimplemented, answer.Code);
        }
    }

    [Fact]
    public async Task A_stream_that_ends_with_its_headers_is_an_empty_one()
    {
        using RawHttp2 client = await conformance.ConnectAsync();
        foreach ((string shape, int responses) in new[] { ("Collect", 1), ("Converse", 0) })
        {
            int stream = await client.OpenAsync(
                [(":method", "POST"), (":path", ConformanceHost.PathOf(shape)), ("content-type", "application/grpc")], endStream: true);
            RawAnswer answer = await RawAnswer.ReadAsync(client, stream);
            Assert.Equal((RpcCode.Ok, responses), (answer.Code, answer.Messages.Count));
        }
    }

    /// <summary>RST_STREAM with NO_ERROR after the answer: the request's rest is not wanted.</summary>
    internal static async Task AssertToldToStopSendingAsync(RawHttp2 client, int stream)
    {
        RawFrame reset = await client.ReadAsync(stream);
        Assert.Equal(RawFrame.Reset, reset.Type);
        Assert.Equal([0, 0, 0, 0], reset.Payload);
    }

    private async Task<RawAnswer> SendAsync((string Name, string Value)[] headers)
    {
        using RawHttp2 client = await conformance.ConnectAsync();
        int stream = await client.OpenAsync(headers);
        await client.SendDataAsync(stream, Message, endStream: true);
        return await RawAnswer.ReadAsync(client, stream);
    }
}
