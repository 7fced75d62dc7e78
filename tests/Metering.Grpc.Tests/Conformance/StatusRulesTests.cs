using Google.Protobuf;
using Google.Rpc;
using Metering.Grpc.Tests.Protos;

namespace Metering.Grpc.Tests;

/// <summary>How a status travels, for each shape of call, frame by frame.</summary>
public sealed class StatusRulesTests : IAsyncLifetime
{
    private const int BlockBytesMaximum = 8192;

    private readonly ProbeService _probe = new();
    private ProbeHost _host = null!;

    public static TheoryData<string> Shapes => new(ConformanceHost.Shapes);

    public async ValueTask InitializeAsync() => _host = await ProbeHost.StartAsync(_probe.Service);

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task Every_code_before_a_message_is_one_headers_frame_that_ends_the_stream(string shape)
    {
        foreach (RpcCode code in Enum.GetValues<RpcCode>().Where(code => code != RpcCode.Ok))
        {
            _probe.EndEachWith(async _ =>
            {
                await Task.Yield();
                return new RpcStatus(code, "later");
            });
            RawAnswer answer = await CallAsync(shape);
            Assert.True(answer.IsTrailersOnly, $"{answer}");
            Assert.Equal(("200", code, "later"), (answer.HttpStatus, answer.Code, answer.Message));
        }
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task Messages_are_percent_encoded_utf_8_and_details_unpadded_base64(string shape)
    {
        const string message = "\t 100% \"ключ\" ☺ 😈 \r\n\u007f~";
        var wrong = new BadRequest.Types.FieldViolation { Field = "f", Description = "плохо" };
        var violation = new BadRequest { FieldViolations = { wrong } };
        _probe.EndEachWith(_ => new(new RpcStatus(RpcCode.InvalidArgument, message, [violation])));

        RawAnswer answer = await CallAsync(shape);

        Assert.True(answer.IsTrailersOnly, $"{answer}");
        Assert.Equal(message, answer.Message);
        Assert.Equal(
            "%09 100%25 \"%D0%BA%D0%BB%D1%8E%D1%87\" %E2%98%BA %F0%9F%98%88 %0D%0A%7F~", RawAnswer.Find(answer.Headers, "grpc-message"));
        Assert.Equal(violation, Assert.Single(DetailsOf(answer).Details).Unpack<BadRequest>());
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task The_largest_status_stays_below_8_KiB_with_its_message_and_some_of_its_details(string shape)
    {
        var violations = new BadRequest();
        for (int line = 0; line < 2000; line++)
            violations.FieldViolations.Add(new BadRequest.Types.FieldViolation { Field = $"a.yaml:{line}:1", Description = "unknown" });
        _probe.EndEachWith(call =>
        {
            call.AddTrailer("x-long", new string('t', 1900));
            return new(new RpcStatus(RpcCode.InvalidArgument, new string('я', 5000), [violations]));
        });

        RawAnswer answer = await CallAsync(shape);

        Assert.True(answer.IsTrailersOnly, $"{answer}");
        Assert.InRange(answer.Headers.Sum(header => header.Name.Length + header.Value.Length + 32), 4096, BlockBytesMaximum - 1);
        Assert.NotEmpty(DetailsOf(answer).Details);
        Assert.EndsWith("я...", answer.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Behave")]
    [InlineData("Collect")]
    public async Task A_fault_of_the_handler_is_internal_and_trailers_only(string shape)
    {
        _probe.EndEachWith(_ => throw new InvalidOperationException("secret"));

        RawAnswer answer = await CallAsync(shape);

        Assert.True(answer.IsTrailersOnly, $"{answer}");
        Assert.Equal((RpcCode.Internal, "internal error"), (answer.Code, answer.Message));
        Assert.Single(_host.Log.Faults);
    }

    [Fact]
    public async Task An_error_after_a_message_is_a_second_block_that_ends_the_stream()
    {
        _probe.Repeat = async (_, writer, _) =>
        {
            await writer.WriteAsync(new BehaveResponse { Text = "one" });
            return new RpcStatus(RpcCode.DataLoss, "broke off");
        };

        RawAnswer answer = await CallAsync("Repeat");

        Assert.Equal([RawFrame.Headers, RawFrame.Data, RawFrame.Headers], answer.Frames.Select(frame => frame.Type));
        Assert.Null(RawAnswer.Find(answer.Headers, "grpc-status"));
        Assert.Equal((RpcCode.DataLoss, "broke off"), (answer.Code, answer.Message));
    }

    [Theory]
    [InlineData("AQID/w", "AQID/w")]
    [InlineData("AQID/w==", "AQID/w")]
    [InlineData("AQI=,AQ,AQID", "AQI|AQ|AQID")]
    [InlineData("AQI , AQ==", "AQI|AQ")]
    public async Task Binary_metadata_is_read_padded_or_not_and_joined_or_not_and_sent_unpadded(string sent, string echoed)
    {
        _probe.EndEachWith(call =>
        {
            Assert.True(call.TryReadBinaryHeader("x-data-bin", out IReadOnlyList<byte[]> values));
            foreach (byte[] value in values)
                call.AddTrailer("x-echo-bin", value);
            return new(new RpcStatus(RpcCode.Aborted, "no"));
        });
        foreach (string shape in ConformanceHost.Shapes)
        {
            RawAnswer answer = await CallAsync(shape, ("x-data-bin", sent));
            Assert.Equal(
                echoed, string.Join('|', answer.Headers.Where(header => header.Name == "x-echo-bin").Select(header => header.Value)));
        }
    }

    private static Google.Rpc.Status DetailsOf(RawAnswer answer)
    {
        string base64 = RawAnswer.Find(answer.Headers, "grpc-status-details-bin")!;
        Assert.DoesNotContain('=', base64);
        return Google.Rpc.Status.Parser.ParseFrom(Convert.FromBase64String(base64.PadRight((base64.Length + 3) / 4 * 4, '=')));
    }

    private async Task<RawAnswer> CallAsync(string shape, params (string Name, string Value)[] headers)
    {
        using RawHttp2 client = await RawHttp2.ConnectAsync(_host.GrpcAddress);
        int stream = await client.OpenAsync(ConformanceHost.PathOf(shape), headers);
        await client.SendDataAsync(stream, GrpcClient.Frame([]), endStream: true);
        return await RawAnswer.ReadAsync(client, stream);
    }
}
