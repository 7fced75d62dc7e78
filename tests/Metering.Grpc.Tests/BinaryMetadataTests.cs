using System.Net.Http.Headers;
using Google.Rpc;
using Metering.Grpc.Tests.Protos;

namespace Metering.Grpc.Tests;

public sealed class BinaryMetadataTests : IAsyncLifetime
{
    private const string Behave = "/metering.grpc.tests.Probe/Behave";

    private readonly ProbeService _probe = new();
    private ProbeHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await ProbeHost.StartAsync(_probe.Service);

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Theory]
    [InlineData("AQID/w", "010203FF")]
    [InlineData("AQID/w==", "010203FF")]
    [InlineData("AQI=,AQ,AQID", "0102 01 010203")]
    [InlineData("AQI , AQ==", "0102 01")]
    [InlineData("AQI,,AQ", "0102  01")]
    [InlineData(null, "")]
    [InlineData("A", "malformed")]
    [InlineData("AQ=", "malformed")]
    [InlineData("AQID!", "malformed")]
    [InlineData("AQ,*", "malformed")]
    public async Task Binary_request_headers_are_read_padded_or_not_and_joined_or_not(string? sent, string read)
    {
        _probe.Behave = (_, call) => new(new BehaveResponse
        {
            Text = call.TryReadBinaryHeader("x-data-bin", out IReadOnlyList<byte[]> values)
                ? string.Join(' ', values.Select(Convert.ToHexString))
                : "malformed",
        });

        GrpcAnswer answer = await _host.CallAsync(Behave, new BehaveRequest(), sent is null ? [] : [("x-data-bin", sent)]);

        Assert.Equal(read, BehaveResponse.Parser.ParseFrom(answer.Messages.Single()).Text);
    }

    [Fact]
    public async Task Response_headers_of_the_handler_come_with_the_answer_binary_ones_unpadded()
    {
        _probe.Behave = (_, call) =>
        {
            call.AddHeader("x-text", "value");
            call.AddHeader("x-data-bin", [1, 2, 3, 255]);
            return new(new BehaveResponse());
        };

        GrpcAnswer answer = await _host.CallAsync(Behave, new BehaveRequest());

        Assert.Equal(("value", "AQID/w"), (answer.Headers.GetValues("x-text").Single(), answer.Headers.GetValues("x-data-bin").Single()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_largest_trailers_of_a_handler_and_the_longest_status_stay_below_8_KiB(bool hasWritten)
    {
        var details = new BadRequest();
        for (int index = 0; index < 1000; index++)
            details.FieldViolations.Add(new BadRequest.Types.FieldViolation { Field = $"records[{index}]", Description = "is wrong" });
        var refusal = new RpcStatus(RpcCode.InvalidArgument, new string('m', 5000), [details]);
        string longest = new('t', RpcCall.TrailerBytesMaximum - "x-long".Length - 32);
        _probe.Behave = (_, call) =>
        {
            call.AddTrailer("x-long", longest);
            return new(refusal);
        };
        _probe.Repeat = async (_, writer, call) =>
        {
            call.AddTrailer("x-long", longest);
            await writer.WriteAsync(new BehaveResponse());
            return refusal;
        };

        GrpcAnswer answer = await _host.CallAsync(
            hasWritten ? "/metering.grpc.tests.Probe/Repeat" : Behave, new BehaveRequest());

        HttpResponseHeaders block = hasWritten ? answer.Trailers : answer.Headers;
        Assert.Equal(!hasWritten, answer.IsTrailersOnly);
        Assert.Equal(longest, block.GetValues("x-long").Single());
        Assert.NotEmpty(block.GetValues("grpc-status-details-bin").Single());
        Assert.InRange(block.Sum(header => header.Value.Sum(value => header.Key.Length + value.Length + 32)), 4096, 8191);
    }

    [Fact]
    public async Task Trailers_past_their_limit_are_a_fault_of_the_handler()
    {
        _probe.Behave = (_, call) =>
        {
            for (int index = 0; index < 100; index++)
                call.AddTrailer("x-again", "twenty-four bytes, once.");
            return new(new BehaveResponse());
        };

        GrpcAnswer answer = await _host.CallAsync(Behave, new BehaveRequest());

        Assert.Equal(RpcCode.Internal, answer.Code);
        Assert.Contains("exceed 2048 bytes", Assert.Single(_host.Log.Faults).Text, StringComparison.Ordinal);
    }
}
