using System.IO.Compression;
using Google.Protobuf;
using Metering.Grpc.Tests.Protos;

namespace Metering.Grpc.Tests;

/// <summary>Messages in frames: cut anywhere, compressed, too large, too many, too few, malformed.</summary>
public sealed class FramingTests : IAsyncLifetime
{
    private const string Behave = "/metering.grpc.tests.Probe/Behave";

    private readonly ProbeService _probe = new();
    private ProbeHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ProbeHost.StartAsync(_probe.Service);

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_message_cut_at_any_byte_is_the_same_message()
    {
        byte[] body = GrpcClient.Frame(new BehaveRequest { Text = "cut me", Count = 9 }.ToByteArray());
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        for (int cut = 0; cut <= body.Length; cut++)
        {
            int stream = await client.OpenAsync(Behave);
            await client.SendDataAsync(stream, body.AsMemory(0, cut));
            await client.SendDataAsync(stream, body.AsMemory(cut), endStream: true);
            AssertAnswered(await client.ReadToEndAsync(stream));
        }

        Assert.Equal(body.Length + 1, _probe.BehaveCodec.Reads);
        Assert.True(_probe.BehaveCodec.EachReleasedOnce);
    }

    [Fact]
    public async Task A_message_that_comes_byte_by_byte_with_a_late_end_is_the_same_message()
    {
        byte[] body = GrpcClient.Frame(new BehaveRequest { Text = "cut me", Count = 9 }.ToByteArray());
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        int stream = await client.OpenAsync(Behave);
        foreach (byte unit in body)
            await client.SendDataAsync(stream, new[] { unit });
        await client.SendDataAsync(stream, default, endStream: true);

        AssertAnswered(await client.ReadToEndAsync(stream));
    }

    [Fact]
    public async Task Two_streamed_messages_in_any_two_pieces_are_two_messages()
    {
        byte[] message = GrpcClient.Frame(new BehaveRequest { Text = "ab" }.ToByteArray());
        byte[] body = [.. message, .. message];
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        for (int cut = 0; cut <= body.Length; cut++)
        {
            int stream = await client.OpenAsync("/metering.grpc.tests.Probe/Collect");
            await client.SendDataAsync(stream, body.AsMemory(0, cut));
            await client.SendDataAsync(stream, body.AsMemory(cut), endStream: true);
            IReadOnlyList<RawFrame> frames = await client.ReadToEndAsync(stream);
            RawFrame answer = Assert.Single(frames, frame => frame.Type == RawFrame.Data && frame.Payload.Length > 0);
            BehaveResponse response = BehaveResponse.Parser.ParseFrom(answer.Payload[5..]);
            Assert.Equal((2, "abab"), (response.Count, response.Text));
        }

        Assert.True(_probe.BehaveCodec.EachReleasedOnce);
    }

    [Fact]
    public async Task A_large_message_passes_through_many_frames()
    {
        var request = new Everything { Data = ByteString.CopyFrom(new byte[ProbeService.EchoBytes - 16]) };

        GrpcAnswer answer = await _host.CallAsync("/metering.grpc.tests.Probe/Echo", request);

        Assert.Equal(request, Everything.Parser.ParseFrom(Assert.Single(answer.Messages)));
    }

    [Fact]
    public async Task A_message_at_the_limit_is_taken_and_one_byte_more_is_refused()
    {
        var request = new BehaveRequest();
        request.Padding = ByteString.CopyFrom(new byte[ProbeService.BehaveBytes - 3]);
        Assert.Equal(ProbeService.BehaveBytes, request.CalculateSize());
        Assert.Equal(RpcCode.Ok, (await _host.CallAsync(Behave, request)).Code);

        request.Padding = ByteString.CopyFrom(new byte[ProbeService.BehaveBytes - 2]);
        GrpcAnswer refused = await _host.CallAsync(Behave, request);
        Assert.Equal(RpcCode.ResourceExhausted, refused.Code);
        Assert.Equal("the request message is larger than 4096 bytes, the limit of this method", refused.Message);
        Assert.True(refused.IsTrailersOnly);
    }

    [Fact]
    public async Task A_length_of_four_gigabytes_is_refused_before_anything_is_kept()
    {
        GrpcAnswer answer = await _host.SendAsync(Behave, [0, 0xFF, 0xFF, 0xFF, 0xFF]);

        Assert.Equal(RpcCode.ResourceExhausted, answer.Code);
    }

    [Theory]
    [InlineData(new byte[] { }, RpcCode.Unimplemented)]
    [InlineData(new byte[] { 0 }, RpcCode.Internal)]
    [InlineData(new byte[] { 0, 0, 0, 0 }, RpcCode.Internal)]
    [InlineData(new byte[] { 0, 0, 0, 0, 2, 10 }, RpcCode.Internal)]
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0 }, RpcCode.Unimplemented)]
    [InlineData(new byte[] { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, RpcCode.Unimplemented)]
    [InlineData(new byte[] { 2, 0, 0, 0, 0 }, RpcCode.Internal)]
    [InlineData(new byte[] { 1, 0, 0, 0, 0 }, RpcCode.Internal)]
    [InlineData(new byte[] { 0, 0, 0, 0, 2, 10, 5 }, RpcCode.Internal)]
    [InlineData(new byte[] { 0, 0, 0, 0, 1, 0xFF }, RpcCode.Internal)]
    public async Task A_body_that_is_not_one_message_is_refused(byte[] body, RpcCode code)
    {
        GrpcAnswer answer = await _host.SendAsync(Behave, body);

        Assert.Equal(code, answer.Code);
        Assert.True(answer.IsTrailersOnly);
        Assert.NotEmpty(answer.Message);
        Assert.True(_probe.BehaveCodec.EachReleasedOnce);
        Assert.Empty(_host.Log.Faults);
    }

    [Fact]
    public async Task A_second_message_that_comes_later_is_refused_and_the_first_released()
    {
        byte[] message = GrpcClient.Frame(new BehaveRequest { Text = "a" }.ToByteArray());
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        int stream = await client.OpenAsync(Behave);
        await client.SendDataAsync(stream, message);
        await Eventually.HoldsAsync(() => _probe.BehaveCodec.Reads == 1);
        await client.SendDataAsync(stream, message, endStream: true);

        RawFrame end = Assert.Single(await client.ReadToEndAsync(stream));
        Assert.True(end.Spells("grpc-status", "12"));
        Assert.True(_probe.BehaveCodec.EachReleasedOnce);
    }

    [Fact]
    public async Task A_gzip_message_is_inflated()
    {
        byte[] message = Gzip(new BehaveRequest { Text = new string('z', 3000) }.ToByteArray());

        GrpcAnswer answer = await _host.SendAsync(Behave, GrpcClient.Frame(message, flag: 1), ("grpc-encoding", "gzip"));

        Assert.Equal(RpcCode.Ok, answer.Code);
        Assert.Equal(new string('z', 3000), BehaveResponse.Parser.ParseFrom(Assert.Single(answer.Messages)).Text);
    }

    [Fact]
    public async Task With_gzip_an_unflagged_message_is_taken_as_it_is()
    {
        byte[] message = new BehaveRequest { Text = "plain" }.ToByteArray();

        Assert.Equal(RpcCode.Ok, (await _host.SendAsync(Behave, GrpcClient.Frame(message), ("grpc-encoding", "gzip"))).Code);
    }

    [Fact]
    public async Task A_gzip_bomb_is_refused_at_the_limit_of_the_inflated_size()
    {
        byte[] bomb = Gzip(new byte[1_000_000]);
        Assert.True(bomb.Length < ProbeService.BehaveBytes);

        GrpcAnswer answer = await _host.SendAsync(Behave, GrpcClient.Frame(bomb, flag: 1), ("grpc-encoding", "gzip"));

        Assert.Equal(RpcCode.ResourceExhausted, answer.Code);
        Assert.Equal(0, _probe.BehaveCodec.Reads);
    }

    [Fact]
    public async Task Corrupt_or_truncated_gzip_is_internal()
    {
        byte[] message = Gzip(new BehaveRequest { Text = new string('z', 3000) }.ToByteArray());
        foreach (byte[] corrupt in new[] { message[..^12], [1, 2, 3, 4], [.. message[..12], 0xFF, 0xFF, 0xFF, .. message[15..]] })
        {
            GrpcAnswer answer = await _host.SendAsync(Behave, GrpcClient.Frame(corrupt, flag: 1), ("grpc-encoding", "gzip"));
            Assert.Equal(RpcCode.Internal, answer.Code);
        }

        Assert.Empty(_host.Log.Faults);
    }

    [Fact]
    public async Task An_unsupported_encoding_is_unimplemented_and_says_what_is_supported()
    {
        GrpcAnswer answer = await _host.SendAsync(Behave, GrpcClient.Frame([], flag: 1), ("grpc-encoding", "snappy"));

        Assert.Equal(RpcCode.Unimplemented, answer.Code);
        Assert.Equal("identity,gzip", string.Join(',', answer.Headers.GetValues("grpc-accept-encoding")));
    }

    private static void AssertAnswered(IReadOnlyList<RawFrame> frames)
    {
        Assert.Equal([RawFrame.Headers, RawFrame.Data, RawFrame.Headers], frames.Select(frame => frame.Type));
        BehaveResponse response = BehaveResponse.Parser.ParseFrom(frames[1].Payload.AsSpan(5).ToArray());
        Assert.Equal(("cut me", 9), (response.Text, response.Count));
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.SmallestSize))
            gzip.Write(bytes);
        return compressed.ToArray();
    }
}
