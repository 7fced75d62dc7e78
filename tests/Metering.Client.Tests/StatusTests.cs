using Google.Rpc;
using Metering.Contracts.V1;
using Yandex.Cloud.Endpoint;
using static Metering.Client.Tests.Samples;
using static Metering.Client.Tests.ScriptedServer;

namespace Metering.Client.Tests;

public sealed class StatusTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_failure_is_read_from_headers_and_from_trailers(bool inTrailers)
    {
        var faults = new BadRequest
        {
            FieldViolations =
            {
                new BadRequest.Types.FieldViolation { Field = "c.yaml:3:5", Description = "no such product" },
                new BadRequest.Types.FieldViolation { Field = "c.yaml:9:1", Description = "unknown member" },
            },
        };
        await using ScriptedServer server = await StartAsync();
        server.Script = _ => Fail(3, "2 faults", inTrailers, faults);
        using MeteringClient client = Connect(Options(server.Address, admin: "a1"));

        MeteringException fault =
            await Assert.ThrowsAsync<MeteringException>(() => client.ApplyCatalogAsync("x", "c.yaml", cancellationToken: Token));

        Assert.Equal(GrpcStatusCode.InvalidArgument, fault.Code);
        Assert.Equal("2 faults", fault.Message);
        Assert.Equal("scripted-request", fault.RequestId);
        Assert.Equal([new("c.yaml:3:5", "no such product"), new("c.yaml:9:1", "unknown member")], fault.Violations);
        Assert.False(fault.OutcomeIsUnknown);
        Assert.Equal("Bearer a1", Assert.Single(server.Exchanges).Headers["authorization"]);
    }

    [Theory]
    [InlineData("plain words", "plain words")]
    [InlineData("%D0%B4%D0%B0 100%25", "да 100%")]
    [InlineData("broken %zz and %4", "broken %zz and %4")]
    [InlineData("%C3%", "\ufffd%")]
    [InlineData("%41%42", "AB")]
    public void A_status_message_is_percent_decoded_and_never_fails(string encoded, string decoded) =>
        Assert.Equal(decoded, StatusHeaders.PercentDecode(encoded));

    [Theory]
    [InlineData(1, "1m")]
    [InlineData(10_000, "10000m")]
    [InlineData(99_999_999, "99999999m")]
    [InlineData(100_000_000, "100000S")]
    public void A_deadline_has_at_most_eight_digits(double milliseconds, string header) =>
        Assert.Equal(header, RpcCaller.FormatTimeout(TimeSpan.FromMilliseconds(milliseconds)));

    [Fact]
    public async Task A_status_beyond_the_known_ones_is_unknown()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = _ => Fail(99, string.Empty);

        MeteringException fault = await FailAsync(server);

        Assert.Equal(GrpcStatusCode.Unknown, fault.Code);
        Assert.Equal("The server answered UNKNOWN.", fault.Message);
    }

    public static TheoryData<string, byte[]> BrokenBodies => new()
    {
        { "holds no message", [] },
        { "within a frame's prefix", [0, 0, 0] },
        { "0 of 9 bytes", [0, 0, 0, 0, 9] },
        { "compressed", [1, 0, 0, 0, 0] },
        { "more than one message", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0] },
        { "malformed", [0, 0, 0, 0, 1, 0xff] },
    };

    [Theory]
    [MemberData(nameof(BrokenBodies))]
    public async Task An_answer_that_cannot_be_read_is_internal_and_says_why(string words, byte[] body)
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = _ => ReplyRaw(body);

        MeteringException fault = await FailAsync(server);

        Assert.Equal(GrpcStatusCode.Internal, fault.Code);
        Assert.Contains(words, fault.Message);
        Assert.Contains(server.Address, fault.Message);
    }

    [Theory]
    [InlineData(401, GrpcStatusCode.Unauthenticated)]
    [InlineData(404, GrpcStatusCode.Unimplemented)]
    [InlineData(502, GrpcStatusCode.Unavailable)]
    [InlineData(200, GrpcStatusCode.Unknown)]
    public async Task An_answer_that_is_no_grpc_is_mapped_and_says_so(int status, GrpcStatusCode code)
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = _ => Http(status, "text/html", "<h1>a proxy</h1>");

        MeteringException fault = await FailAsync(server);

        Assert.Equal(code, fault.Code);
        Assert.Contains($"HTTP {status} and text/html instead of gRPC", fault.Message);
    }

    [Fact]
    public async Task A_change_is_not_repeated_when_its_outcome_is_unknown()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = _ => Fail(14, "commit failed");
        using MeteringClient client = Connect(Options(server.Address, admin: "a1"));

        MeteringException fault = await Assert.ThrowsAsync<MeteringException>(() => client.DeleteKeyAsync("key-1", Token));

        Assert.True(fault.OutcomeIsUnknown);
        Assert.Single(server.Exchanges);
    }

    [Fact]
    public async Task A_reading_call_is_repeated()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = exchange => exchange.Number == 1
            ? Fail(14, "away")
            : Reply(new QueryUsageResponse { Totals = { new UsageTotal { Quantity = "170141183460469231731687303715884105727" } } });
        using MeteringClient client = Connect(Options(server.Address, admin: "a1"));

        QueryUsageResponse answer = await client.QueryUsageAsync(new QueryUsageRequest(), Token);

        Assert.Equal("170141183460469231731687303715884105727", Assert.Single(answer.Totals).Quantity);
        Assert.Equal("metering.v1.UsageService/QueryUsage", server.Exchanges[1].Path[1..]);
    }

    [Fact]
    public async Task Endpoints_need_no_identity()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = _ =>
            Reply(new ListApiEndpointsResponse { Endpoints = { new ApiEndpoint { Id = "iam", Address = "localhost:8443" } } });
        using MeteringClient client = Connect(new MeteringClientOptions { Address = server.Address });

        IReadOnlyList<ApiEndpoint> endpoints = await client.ListEndpointsAsync(Token);

        Assert.Equal("localhost:8443", Assert.Single(endpoints).Address);
        Assert.False(server.Exchanges[0].Headers.ContainsKey("authorization"));
    }

    [Fact]
    public async Task Without_an_identity_nothing_is_sent()
    {
        await using ScriptedServer server = await StartAsync();
        using MeteringClient client = Connect(new MeteringClientOptions { Address = server.Address });

        WriteResult result = await client.WriteProductUsageAsync(Instance, Records(1), cancellationToken: Token);
        MeteringException administrative = await Assert.ThrowsAsync<MeteringException>(() => client.GetCatalogAsync(Token));

        Assert.Contains("--key FILE", result.Failure!.Message);
        Assert.Contains("--admin-token-file", administrative.Message);
        Assert.Empty(server.Exchanges);
    }

    private static async Task<MeteringException> FailAsync(ScriptedServer server)
    {
        MeteringClientOptions options = Options(server.Address);
        options.AttemptsMaximum = 1;
        using MeteringClient client = Connect(options);
        return await Assert.ThrowsAsync<MeteringException>(() => client.ListEndpointsAsync(Token));
    }
}
