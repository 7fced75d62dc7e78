using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Metering.Grpc;
using Metering.Ledger;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Primitives;

namespace Metering.Server.Tests;

/// <summary>The real path and the real wire over a ledger that refuses: what the sender hears.</summary>
public class LedgerAnswerTests
{
    private const string Rest = "/marketplace/metering/v1/productUsage/write";
    private const string Grpc = "/yandex.cloud.marketplace.metering.v1.ProductUsageService/Write";

    private const string RetrySoon = """[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"0.100s"}]""";

    public static TheoryData<LedgerAnswer, int, int, string, string> Refusals => new()
    {
        { LedgerAnswer.QueueFull, 429, 8, "The ledger's queue is full. Send the same records again shortly.", RetrySoon },
        { LedgerAnswer.StorageFull, 503, 14, "The ledger has no space left on its disk. Nothing of this request was counted; send it again later.", "[]" },
        {
            LedgerAnswer.OutcomeUnknown, 503, 14,
            "The ledger could not confirm the commit. Send the same records again: what was counted is then answered DUPLICATE.", "[]"
        },
        { LedgerAnswer.Closing, 503, 14, "The server is stopping. Nothing of this request was counted; send it again.", "[]" },
        { LedgerAnswer.Unreachable, 503, 14, "The ledger's database is away. Nothing of this request was counted; send it again later.", "[]" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task What_the_ledger_cannot_do_is_said_over_rest_and_grpc(LedgerAnswer answer, int http, int code, string message, string details)
    {
        await using Host host = await Host.StartAsync(_ => new ValueTask<LedgerAnswer>(answer));
        (HttpStatusCode status, JsonNode body) = await host.PostAsync();
        Assert.Equal((http, code, message), ((int)status, (int)body["code"]!, (string)body["message"]!));
        Assert.Equal(details, body["details"]!.ToJsonString());
        Assert.Equal((code, message), await host.CallAsync());
    }

    [Fact]
    public async Task A_fault_of_the_ledger_is_an_internal_error_that_tells_nothing_of_the_inside()
    {
        await using Host host = await Host.StartAsync(_ => throw new InvalidOperationException("the inside"));
        (HttpStatusCode status, JsonNode body) = await host.PostAsync();
        Assert.Equal((HttpStatusCode.InternalServerError, 13, "internal error"), (status, (int)body["code"]!, (string)body["message"]!));
        Assert.Equal((13, "internal error"), await host.CallAsync());
    }

    [Fact]
    public async Task What_is_committed_is_answered_verdict_by_verdict()
    {
        // The control: the same host, with a ledger that commits.
        await using Host host = await Host.StartAsync(write =>
        {
            write.Records[0].Verdict = Verdict.Duplicate;
            return new ValueTask<LedgerAnswer>(LedgerAnswer.Committed);
        });
        (HttpStatusCode status, JsonNode body) = await host.PostAsync();
        Assert.Equal((HttpStatusCode.OK, """{"accepted":[],"rejected":[{"uuid":"u","reason":"DUPLICATE"}]}"""), (status, body.ToJsonString()));
        Assert.Equal((0, ""), await host.CallAsync());
    }

    /// <summary>The Write methods on Kestrel, everybody authorized, over a ledger that a test scripts.</summary>
    private sealed class Host(WebApplication application) : IAsyncDisposable
    {
        private readonly HttpClient _http = new();
        private readonly string[] _addresses = [.. application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];

        public static async Task<Host> StartAsync(Func<UsageWrite, ValueTask<LedgerAnswer>> ledger)
        {
            WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
            {
                kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
                kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2);
            });
            builder.Services.AddSingleton(TimeProvider.System);
            WebApplication application = builder.Build();
            var validator = new Validator(new MeteringClock(TimeProvider.System, 0), Limits.AcceptanceWindow, Limits.FutureTolerance);
            var path = new WritePath(new CatalogHolder(), new Everybody(), new Everything(), validator, new ScriptedLedger(ledger));
            application.UseRpc(new RpcServices([.. WriteRpc.Services(path)]));
            await application.StartAsync(TestContext.Current.CancellationToken);
            return new Host(application);
        }

        public async Task<(HttpStatusCode Status, JsonNode Body)> PostAsync()
        {
            using var body = new StringContent("""{"productInstanceId": "i", "usageRecords": [{"uuid": "u"}]}""", Encoding.UTF8, "application/json");
            using HttpResponseMessage answer = await _http.PostAsync(_addresses[0] + Rest, body);
            return (answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!);
        }

        public async Task<(int Status, string Message)> CallAsync()
        {
            byte[] message = [(2 << 3) | 2, 1, (byte)'i', (3 << 3) | 2, 3, (1 << 3) | 2, 1, (byte)'u']; // as the JSON above
            using var request = new HttpRequestMessage(HttpMethod.Post, _addresses[1] + Grpc)
            {
                Version = HttpVersion.Version20,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                Content = new ByteArrayContent([0, 0, 0, 0, (byte)message.Length, .. message])
                {
                    Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") },
                },
            };
            request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
            using HttpResponseMessage answer = await _http.SendAsync(request);
            await answer.Content.ReadAsByteArrayAsync();
            HttpResponseHeaders trailers = answer.TrailingHeaders.Contains("grpc-status") ? answer.TrailingHeaders : answer.Headers;
            string words = trailers.TryGetValues("grpc-message", out IEnumerable<string>? values) ? Uri.UnescapeDataString(values.Single()) : "";
            return (int.Parse(trailers.GetValues("grpc-status").Single()), words);
        }

        public async ValueTask DisposeAsync()
        {
            _http.Dispose();
            await application.StopAsync();
            await application.DisposeAsync();
        }
    }

    private sealed class Everybody : IAuthenticator
    {
        private static readonly ServiceAccount Anybody = new("anybody", "Anybody", "acme", null, [ServiceAccount.MeteringAgent]);

        public Authentication Authenticate(StringValues authorization, CatalogSnapshot snapshot) =>
            new(new AuthenticatedAccount(new AccountEntry(1, Anybody, null, IsMeteringAgent: true), null, DateTimeOffset.MaxValue), null);
    }

    private sealed class Everything : Authorizer
    {
        public override Refusal? Authorize(UsageWrite write, AccountEntry account, CatalogSnapshot catalog) => null;
    }

    private sealed class ScriptedLedger(Func<UsageWrite, ValueTask<LedgerAnswer>> write) : ILedger
    {
        public long HighWaterUnixNanoseconds => 0;

        public Task<string> Failure { get; } = new TaskCompletionSource<string>().Task;

        public string? Outage => null;

        public Task SetHighWaterAsync(long unixNanoseconds) => throw new NotSupportedException();

        public ValueTask<LedgerAnswer> WriteAsync(UsageWrite request) => write(request);

        public IAsyncEnumerable<HourTotal> ReadTotalsAsync(HourRange range, CancellationToken cancellationToken) => throw new NotSupportedException();

        public IAsyncEnumerable<HourRejections> ReadRejectionsAsync(HourRange range, CancellationToken cancellationToken) => throw new NotSupportedException();

        public IAsyncEnumerable<CountedRecord> ReadRecordsAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<LedgerVerification> VerifyAsync(IProgress<VerificationProgress>? progress, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
