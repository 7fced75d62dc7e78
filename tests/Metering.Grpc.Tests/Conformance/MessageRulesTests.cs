using System.IO.Compression;
using Google.Protobuf;
using Metering.Grpc.Tests.Protos;

namespace Metering.Grpc.Tests;

/// <summary>
/// Every way in which a request message can be wrong, for each shape of call that it applies to: the documented status, in one
/// HEADERS frame, and never a hang.
/// </summary>
public sealed class MessageRulesTests(ConformanceHost conformance) : IClassFixture<ConformanceHost>
{
    private const int Limit = ProbeService.BehaveBytes;

    private static readonly byte[] Good = new BehaveRequest { Text = "good", Count = 1 }.ToByteArray();

    // Faults that show before the client half-closes: with what is said about them, and the encoding announced.
    private static readonly Dictionary<string, (byte[] Body, string? Encoding, RpcCode Code, string Words)> Faults = new()
    {
        ["flag 2"] = ([2, .. GrpcClient.Frame(Good)[1..]], null, RpcCode.Internal, "a message frame starts with flag 2; known are 0 and 1"),
        ["flag 255"] = ([255, 0, 0, 0, 0], null, RpcCode.Internal, "a message frame starts with flag 255; known are 0 and 1"),
        ["flag 3 with gzip"] = ([3, 0, 0, 0, 0], "gzip", RpcCode.Internal, "a message frame starts with flag 3; known are 0 and 1"),
        ["compressed without encoding"] = (
            GrpcClient.Frame(Gzip(Good), flag: 1), null, RpcCode.Internal, "but grpc-encoding names no compression"),
        ["compressed with identity"] = (
            GrpcClient.Frame(Gzip(Good), flag: 1), "identity", RpcCode.Internal, "but grpc-encoding names no compression"),
        ["no gzip"] = (GrpcClient.Frame(Good, flag: 1), "gzip", RpcCode.Internal, "a compressed request message is not valid gzip"),
        ["gzip cut within its length"] = (
            GrpcClient.Frame(Gzip(Good)[..^1], flag: 1), "gzip", RpcCode.Internal, "a compressed request message is not valid gzip"),
        ["gzip cut before its checksum"] = (
            GrpcClient.Frame(Gzip(Good)[..^8], flag: 1), "gzip", RpcCode.Internal, "a compressed request message is not valid gzip"),
        ["gzip cut within its data"] = (
            GrpcClient.Frame(Gzip(Good)[..^9], flag: 1), "gzip", RpcCode.Internal, "a compressed request message is not valid gzip"),
        ["gzip cut within its header"] = (
            GrpcClient.Frame(Gzip(Good)[..5], flag: 1), "gzip", RpcCode.Internal, "a compressed request message is not valid gzip"),
        ["gzip with something after it"] = (
            GrpcClient.Frame([.. Gzip(Good), 9, 9, 9, 9], flag: 1),
            "gzip",
            RpcCode.Internal,
            "a compressed request message is not valid gzip"),
        ["gzip with a wrong checksum"] = (
            GrpcClient.Frame(WithWrongChecksum(Gzip(Good)), flag: 1),
            "gzip",
            RpcCode.Internal,
            "a compressed request message is not valid gzip"),
        ["unsupported encoding"] = (
            GrpcClient.Frame(Good, flag: 1),
            "snappy",
            RpcCode.Unimplemented,
            "grpc-encoding \"snappy\" is not supported; supported are identity,gzip"),
        ["longer than the limit"] = ([0, 0, 0, 0x10, 1], null, RpcCode.ResourceExhausted, $"larger than {Limit} bytes"),
        ["four gigabytes"] = ([0, 255, 255, 255, 255], null, RpcCode.ResourceExhausted, $"larger than {Limit} bytes"),
        ["longer than the limit as it comes"] = ([1, 0, 0, 0x10, 1], "gzip", RpcCode.ResourceExhausted, $"larger than {Limit} bytes"),
        ["longer than the limit inflated"] = (
            GrpcClient.Frame(Gzip(new byte[Limit + 1]), flag: 1), "gzip", RpcCode.ResourceExhausted, $"larger than {Limit} bytes"),
        ["a bomb"] = (
            GrpcClient.Frame(Gzip(new byte[2_000_000]), flag: 1), "gzip", RpcCode.ResourceExhausted, $"larger than {Limit} bytes"),
        ["no protobuf"] = (
            GrpcClient.Frame([0xFF]),
            null,
            RpcCode.Internal,
            "the request message is malformed protobuf: the message ends within a number"),
        ["no protobuf inside gzip"] = (
            GrpcClient.Frame(Gzip([10, 5, 1]), flag: 1), "gzip", RpcCode.Internal, "the request message is malformed protobuf: text: "),
    };

    private static readonly byte[][] Incomplete = [[0], [0, 0, 0], [0, 0, 0, 0, 1], GrpcClient.Frame(Good)[..^1], [1, 0, 0, 0]];

    public static MatrixTheoryData<string, string, bool> FaultsOfEachShape => new(ConformanceHost.Shapes, Faults.Keys, [true, false]);

    public static TheoryData<string> Shapes => new(ConformanceHost.Shapes);

    public static TheoryData<string> SingleRequestShapes => new(ConformanceHost.SingleRequestShapes);

    [Theory]
    [MemberData(nameof(FaultsOfEachShape))]
    public async Task A_faulty_message_is_refused_whether_the_client_goes_on_or_not(string shape, string fault, bool isHalfClosed)
    {
        (byte[] body, string? encoding, RpcCode code, string words) = Faults[fault];
        using RawHttp2 client = await conformance.ConnectAsync();
        int stream = await client.OpenAsync(
            ConformanceHost.PathOf(shape), encoding is null ? [] : [("grpc-encoding", encoding)]);
        await client.SendDataAsync(stream, body, isHalfClosed);

        RawAnswer answer = await RawAnswer.ReadAsync(client, stream);

        Assert.True(answer.IsTrailersOnly, $"{answer}");
        Assert.Equal(code, answer.Code);
        Assert.Contains(words, answer.Message, StringComparison.Ordinal);
        Assert.Equal("identity,gzip", RawAnswer.Find(answer.Headers, "grpc-accept-encoding"));
        if (!isHalfClosed)
            await HttpRulesTests.AssertToldToStopSendingAsync(client, stream);
        await AssertServesOnAsync(client, shape);
        Assert.Empty(conformance.Host.Log.Faults);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task A_message_that_ends_early_is_internal(string shape)
    {
        foreach (byte[] body in Incomplete)
        {
            RawAnswer answer = await conformance.CallAsync(shape, body);
            Assert.True(answer.IsTrailersOnly, $"{answer}");
            Assert.Equal((RpcCode.Internal, "the request ends within a message"), (answer.Code, answer.Message));
        }
    }

    [Theory]
    [MemberData(nameof(SingleRequestShapes))]
    public async Task No_message_at_all_is_unimplemented(string shape)
    {
        RawAnswer answer = await conformance.CallAsync(shape, []);

        Assert.True(answer.IsTrailersOnly, $"{answer}");
        Assert.Equal(
            (RpcCode.Unimplemented, "the call takes exactly one request message and got none"), (answer.Code, answer.Message));
    }

    [Theory]
    [InlineData("Behave", true)]
    [InlineData("Behave", false)]
    [InlineData("Repeat", true)]
    [InlineData("Repeat", false)]
    public async Task A_second_message_is_unimplemented_at_its_first_byte(string shape, bool isWhole)
    {
        byte[] message = GrpcClient.Frame(Good);
        using RawHttp2 client = await conformance.ConnectAsync();
        int stream = await client.OpenAsync(ConformanceHost.PathOf(shape));
        byte[] body = [.. message, .. isWhole ? message : [0]];
        await client.SendDataAsync(stream, body);

        RawAnswer answer = await RawAnswer.ReadAsync(client, stream);

        Assert.True(answer.IsTrailersOnly, $"{answer}");
        Assert.Equal(
            (RpcCode.Unimplemented, "the call takes exactly one request message and got more"), (answer.Code, answer.Message));
        await HttpRulesTests.AssertToldToStopSendingAsync(client, stream);
    }

    [Fact]
    public async Task A_fault_after_good_messages_ends_the_stream_after_their_answers()
    {
        foreach ((byte[] body, string? encoding, RpcCode code, string words) in Faults.Values.Where(fault => fault.Encoding != "snappy"))
        {
            RawAnswer answer = await conformance.CallAsync(
                "Converse", [.. GrpcClient.Frame(Good), .. body], encoding is null ? [] : [("grpc-encoding", encoding)]);
            Assert.Equal("good", BehaveResponse.Parser.ParseFrom(Assert.Single(answer.Messages)).Text);
            Assert.Equal(code, answer.Code);
            Assert.Contains(words, answer.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task Gzip_is_inflated_message_by_message_up_to_the_limit(string shape)
    {
        var largest = new BehaveRequest { Count = 1, Text = new string('z', Limit - 5) };
        Assert.Equal(Limit, largest.CalculateSize());
        RawAnswer answer = await conformance.CallAsync(
            shape, GrpcClient.Frame(Gzip(largest.ToByteArray()), flag: 1), ("grpc-encoding", "gzip"));

        Assert.Equal(RpcCode.Ok, answer.Code);
        Assert.Equal(largest.Text, BehaveResponse.Parser.ParseFrom(Assert.Single(answer.Messages)).Text);
    }

    // grpc-dotnet flags an empty message as compressed, and compresses it to nothing.
    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task An_empty_message_may_be_compressed_to_nothing(string shape)
    {
        RawAnswer answer = await conformance.CallAsync(shape, GrpcClient.Frame([], flag: 1), ("grpc-encoding", "gzip"));

        Assert.Equal(RpcCode.Ok, answer.Code);
    }

    [Fact]
    public async Task Each_message_of_a_stream_is_compressed_for_itself()
    {
        byte[] body =
        [
            .. GrpcClient.Frame(Gzip(Good), flag: 1), .. GrpcClient.Frame(Good), .. GrpcClient.Frame(Gzip(Good), flag: 1),
        ];

        RawAnswer collected = await conformance.CallAsync("Collect", body, ("grpc-encoding", "gzip"));
        RawAnswer conversed = await conformance.CallAsync("Converse", body, ("grpc-encoding", "gzip"));

        Assert.Equal("goodgoodgood", BehaveResponse.Parser.ParseFrom(Assert.Single(collected.Messages)).Text);
        Assert.Equal(3, conversed.Messages.Count);
    }

    // The connection has taken no harm.
    private static async Task AssertServesOnAsync(RawHttp2 client, string shape)
    {
        int stream = await client.OpenAsync(ConformanceHost.PathOf(shape));
        await client.SendDataAsync(stream, GrpcClient.Frame(Good), endStream: true);
        RawAnswer answer = await RawAnswer.ReadAsync(client, stream);
        Assert.Equal(RpcCode.Ok, answer.Code);
    }

    private static byte[] WithWrongChecksum(byte[] gzip)
    {
        gzip[^8] ^= 1;
        return gzip;
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.SmallestSize))
            gzip.Write(bytes);
        return compressed.ToArray();
    }
}
