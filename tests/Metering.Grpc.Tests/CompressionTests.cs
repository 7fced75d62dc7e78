using System.IO.Compression;
using Google.Protobuf;
using Metering.Grpc.Tests.Protos;

namespace Metering.Grpc.Tests;

public sealed class CompressionTests : IAsyncLifetime
{
    private const string Behave = "/metering.grpc.tests.Probe/Behave";
    private const string Repeat = "/metering.grpc.tests.Probe/Repeat";

    private static readonly (string, string) AcceptsGzip = ("grpc-accept-encoding", "identity, deflate,gzip");

    private readonly ProbeService _probe = new();
    private ProbeHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ProbeHost.StartAsync(_probe.Service);

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData(Behave, null)]
    [InlineData("/no.such/Method", null)]
    [InlineData(Behave, "never")]
    public async Task Every_answer_names_the_encodings_that_are_taken(string path, string? timeout)
    {
        (string, string)[] headers = timeout is null ? [] : [("grpc-timeout", timeout)];

        GrpcAnswer answer = await _host.CallAsync(path, new BehaveRequest(), headers);

        Assert.Equal("identity,gzip", string.Join(',', answer.Headers.GetValues("grpc-accept-encoding")));
    }

    [Fact]
    public async Task A_large_answer_is_compressed_for_a_client_that_accepts_it()
    {
        Answer(new byte[ResponseMessage.CompressedFromBytes]);

        GrpcAnswer answer = await _host.CallAsync(Behave, new BehaveRequest(), AcceptsGzip);

        Assert.Equal("gzip", answer.Headers.GetValues("grpc-encoding").Single());
        Assert.Equal([(byte)1], answer.Flags);
        Assert.True(answer.Messages[0].Length < 1000);
        Assert.Equal(ResponseMessage.CompressedFromBytes, BehaveResponse.Parser.ParseFrom(Inflate(answer.Messages[0])).Padding.Length);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("identity")]
    [InlineData("gzip2,deflate")]
    public async Task A_client_that_does_not_accept_gzip_gets_none(string? accepted)
    {
        Answer(new byte[ResponseMessage.CompressedFromBytes]);

        await AssertPlainAsync(accepted is null ? [] : [("grpc-accept-encoding", accepted)]);
    }

    [Fact]
    public async Task A_small_answer_is_not_compressed()
    {
        Answer(new byte[ResponseMessage.CompressedFromBytes / 2]);

        await AssertPlainAsync(AcceptsGzip);
    }

    [Fact]
    public async Task A_handler_may_keep_its_answer_from_being_compressed()
    {
        _probe.Behave = (_, call) =>
        {
            call.MayCompressResponses = false;
            return new(new BehaveResponse { Padding = ByteString.CopyFrom(new byte[ResponseMessage.CompressedFromBytes]) });
        };

        await AssertPlainAsync(AcceptsGzip);
    }

    [Fact]
    public async Task What_gzip_would_make_larger_is_sent_as_it_is()
    {
        var noise = new byte[4 * ResponseMessage.CompressedFromBytes];
        new Random(20261122).NextBytes(noise);
        Answer(noise);

        GrpcAnswer answer = await _host.CallAsync(Behave, new BehaveRequest(), AcceptsGzip);

        Assert.Equal([(byte)0], answer.Flags);
        Assert.Equal(noise, BehaveResponse.Parser.ParseFrom(answer.Messages[0]).Padding.ToByteArray());
    }

    [Fact]
    public async Task Each_message_of_a_stream_is_compressed_or_not_for_itself()
    {
        ByteString zeros = ByteString.CopyFrom(new byte[ResponseMessage.CompressedFromBytes]);
        _probe.Repeat = async (_, writer, call) =>
        {
            foreach (bool mayCompress in new[] { false, true, false })
            {
                call.MayCompressResponses = mayCompress;
                await writer.WriteAsync(new BehaveResponse { Padding = zeros });
            }

            await writer.WriteAsync(new BehaveResponse());
            return RpcStatus.Ok;
        };

        GrpcAnswer answer = await _host.CallAsync(Repeat, new BehaveRequest(), AcceptsGzip);

        Assert.Equal([(byte)0, (byte)1, (byte)0, (byte)0], answer.Flags);
        Assert.Equal(answer.Messages[0], Inflate(answer.Messages[1]));
    }

    [Fact]
    public async Task A_handler_sees_whether_its_request_came_compressed()
    {
        _probe.Behave = (_, call) => new(new BehaveResponse { Count = call.IsRequestCompressed ? 1 : 0 });
        byte[] message = new BehaveRequest { Text = "see me" }.ToByteArray();

        GrpcAnswer plain = await _host.SendAsync(Behave, GrpcClient.Frame(message), ("grpc-encoding", "gzip"));
        GrpcAnswer compressed = await _host.SendAsync(Behave, GrpcClient.Frame(Deflate(message), flag: 1), ("grpc-encoding", "gzip"));

        Assert.Equal(0, BehaveResponse.Parser.ParseFrom(plain.Messages[0]).Count);
        Assert.Equal(1, BehaveResponse.Parser.ParseFrom(compressed.Messages[0]).Count);
    }

    private void Answer(byte[] padding) =>
        _probe.Behave = (_, _) => new(new BehaveResponse { Padding = ByteString.CopyFrom(padding) });

    private async Task AssertPlainAsync(params (string, string)[] headers)
    {
        GrpcAnswer answer = await _host.CallAsync(Behave, new BehaveRequest(), headers);
        Assert.Equal(RpcCode.Ok, answer.Code);
        Assert.Equal([(byte)0], answer.Flags);
        Assert.False(answer.Headers.Contains("grpc-encoding"));
    }

    private static byte[] Inflate(byte[] compressed)
    {
        using var source = new GZipStream(new MemoryStream(compressed), CompressionMode.Decompress);
        using var inflated = new MemoryStream();
        source.CopyTo(inflated);
        return inflated.ToArray();
    }

    private static byte[] Deflate(byte[] bytes)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest))
            gzip.Write(bytes);
        return compressed.ToArray();
    }
}
