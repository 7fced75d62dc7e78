using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Metering.Load.Tests;

/// <summary>Whole runs against a real HTTP/2 server.</summary>
public sealed class LoadRunTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("metering-load-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(1, 2, 1, 301)]
    [InlineData(25, 3, 40, 1000)]
    public async Task Every_record_is_sent_counted_and_acknowledged(int records, int connections, int streams, int requests)
    {
        await using WriteServer server = await WriteServer.StartAsync();
        string path = Path.Combine(_directory, "acknowledged");
        LoadSummary summary = Execute(Options(server) with
        {
            Records = records, Connections = connections, Streams = streams, Requests = requests, AcknowledgedPath = path,
        });

        Assert.Equal(requests, summary.Tally.Sent);
        Assert.Equal(requests, summary.Tally.ByStatus[0]);
        Assert.Equal(requests, summary.Tally.Latency.Count);
        Assert.Equal(requests * records, summary.Tally.Verdicts[VerdictCounts.Accepted]);
        Assert.Equal(requests * records, summary.Tally.Verdicts.Total);
        Assert.True(summary.IsClean);
        byte[] file = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        IEnumerable<string> acknowledged = file.Chunk(16).Select(uuid => new Guid(uuid, bigEndian: true).ToString());
        Assert.Equal(server.Accepted.Keys.Order(StringComparer.Ordinal), acknowledged.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_run_that_sent_nothing_has_a_report_all_the_same()
    {
        var summary = new LoadSummary { Options = MakeOptions("localhost:1"), Tally = new LoadTally(), Elapsed = TimeSpan.Zero, ProcessorTime = TimeSpan.Zero };
        using var report = new MemoryStream();
        JsonReport.Write(report, summary);
        using var json = System.Text.Json.JsonDocument.Parse(report.ToArray());
        Assert.Equal(0, json.RootElement.GetProperty("acceptedPerSecond").GetDouble());
        Assert.False(json.RootElement.GetProperty("clean").GetBoolean());
    }

    [Fact]
    public async Task What_warms_up_is_sent_and_acknowledged_but_not_measured()
    {
        await using WriteServer server = await WriteServer.StartAsync();
        string path = Path.Combine(_directory, "acknowledged");
        LoadSummary summary = Execute(Options(server) with { Requests = 10, WarmSeconds = 0.2, AcknowledgedPath = path });

        Assert.Equal(10, summary.Tally.Latency.Count);
        Assert.Equal(250, summary.Tally.Verdicts[VerdictCounts.Accepted]);
        Assert.True(summary.WarmAccepted > 0);
        Assert.Equal(server.Accepted.Count, summary.WarmAccepted + 250);
        Assert.Equal(16 * server.Accepted.Count, new FileInfo(path).Length);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(3, 0.2)]
    public async Task With_the_same_seed_another_run_sends_the_same_uuids(int connections, double warmSeconds)
    {
        await using WriteServer server = await WriteServer.StartAsync();
        LoadOptions options = Options(server) with { Requests = 400, Connections = connections, WarmSeconds = warmSeconds, Seed = 7 };
        LoadSummary first = Execute(options);
        LoadSummary again = Execute(options with { Streams = 3 });
        LoadSummary other = Execute(options with { Seed = 8 });

        Assert.Equal(10_000, first.Tally.Verdicts[VerdictCounts.Accepted]);
        Assert.Equal(10_000, again.Tally.Verdicts[VerdictCounts.Duplicate]);
        Assert.Equal(10_000, other.Tally.Verdicts[VerdictCounts.Accepted]);
        Assert.Equal(again.WarmAccepted > 0, warmSeconds > 0);
    }

    [Fact]
    public async Task Without_a_seed_no_uuid_is_sent_again()
    {
        await using WriteServer server = await WriteServer.StartAsync();
        LoadOptions options = Options(server) with { Requests = 200 };
        Assert.Equal(5_000, Execute(options).Tally.Verdicts[VerdictCounts.Accepted]);
        Assert.Equal(5_000, Execute(options).Tally.Verdicts[VerdictCounts.Accepted]);
    }

    [Fact]
    public async Task How_far_it_is_is_told_while_it_runs_and_can_be_read_from_its_messages()
    {
        await using WriteServer server = await WriteServer.StartAsync();
        var told = new List<LoadProgress>();
        LoadRun? run = null;
        run = new LoadRun(Options(server) with { Requests = null, Seconds = 100 }, TimeProvider.System, progress =>
        {
            told.Add(progress);
            if (progress.Accepted > 0)
                run!.Stop();
        });
        LoadSummary summary = run.Execute();

        Assert.InRange(told[^1].Accepted, 1, summary.Tally.Verdicts[VerdictCounts.Accepted]);
        Assert.All(told, progress =>
        {
            Assert.True(LoadProgress.TryRead(progress.ToString(), out double seconds, out long judged));
            Assert.InRange(seconds, progress.Seconds - 0.051, progress.Seconds + 0.051);
            Assert.Equal(progress.Judged, judged);
        });
        Assert.False(LoadProgress.TryRead("The token in 5 s is not 1,000 records", out _, out _));
    }

    [Fact]
    public async Task Repeated_uuids_are_those_of_counted_records()
    {
        await using WriteServer server = await WriteServer.StartAsync();
        LoadSummary summary = Execute(Options(server) with { Requests = 1000, DuplicatesPercent = 40, Uuid = UuidVersion.V7 });

        Assert.Equal(25_000, summary.Tally.Verdicts.Total);
        Assert.InRange(summary.Tally.Verdicts[VerdictCounts.Duplicate], 5_000, 11_000);
        Assert.Equal(server.Accepted.Count, summary.Tally.Verdicts[VerdictCounts.Accepted]);
        Assert.True(summary.IsClean);
    }

    [Fact]
    public async Task Statuses_resets_and_answers_without_verdicts_are_told_apart()
    {
        await using WriteServer server = await WriteServer.StartAsync((context, number) => (number % 5) switch
        {
            1 => Refuse(context, "8", "queue%20full"),
            2 => Reset(context),
            3 => Refuse(context, null, null),
            4 => Refuse(context, "0", null),
            _ => false,
        });
        LoadSummary summary = Execute(Options(server) with { Requests = 500 });

        Assert.Equal(500, summary.Tally.Sent);
        Assert.Equal(100, summary.Tally.ByStatus[0]);
        Assert.Equal(100, summary.Tally.ByStatus[8]);
        Assert.Equal("queue full", summary.Tally.StatusMessages[8]);
        Assert.Equal(100, summary.Tally.Reset);
        Assert.Equal(200, summary.Tally.Malformed);
        Assert.Equal(400, summary.Tally.Failed);
        Assert.Equal(server.Accepted.Count, summary.Tally.Verdicts.Total);
        Assert.False(summary.IsClean);
    }

    [Fact]
    public async Task No_more_streams_are_opened_than_the_server_allows()
    {
        // Kestrel resets every stream beyond its limit.
        await using WriteServer server = await WriteServer.StartAsync(maximumStreams: 3);
        LoadSummary summary = Execute(Options(server) with { Connections = 1, Streams = 50, Requests = 300 });

        Assert.True(summary.IsClean, string.Join(", ", summary.Tally.Losses));
        Assert.Equal(300, summary.Tally.ByStatus[0]);
    }

    [Fact]
    public async Task A_broken_connection_leaves_its_requests_unanswered_and_is_reported()
    {
        await using WriteServer server = await WriteServer.StartAsync((context, number) =>
        {
            if (number == 50)
                context.Features.GetRequiredFeature<IConnectionLifetimeFeature>().Abort();
            return number >= 50;
        });
        LoadSummary summary = Execute(Options(server) with { Connections = 1, Streams = 4, Requests = 1000 });

        Assert.Single(summary.Tally.Losses);
        Assert.InRange(summary.Tally.Sent, 50, 60);
        Assert.Equal(summary.Tally.Sent, summary.Tally.Answered + summary.Tally.Unanswered);
        Assert.False(summary.IsClean);
    }

    [Fact]
    public async Task With_a_rate_the_server_is_charged_for_requests_that_its_stall_kept_from_being_sent()
    {
        await using WriteServer server = await WriteServer.StartAsync((_, number) =>
        {
            // Every stream of the connection is held, so that nothing can be sent meanwhile.
            if (number <= 2)
                Thread.Sleep(500);
            return false;
        });
        LoadSummary summary = Execute(Options(server) with
        {
            Connections = 1, Streams = 2, Records = 1, Requests = 100, RecordsPerSecond = 200,
        });

        // Measured from the moment of sending, two requests of a hundred would have been slow.
        Assert.True(summary.IsClean);
        Assert.InRange(summary.Tally.Latency.GetPercentile(90), 300_000_000, long.MaxValue);
    }

    [Fact]
    public void An_address_without_a_server_is_one_clear_message()
    {
        var fault = Assert.Throws<LoadException>(() => Execute(MakeOptions("127.0.0.1:1")));
        Assert.Contains("127.0.0.1:1", fault.Message, StringComparison.Ordinal);
    }

    private static bool Refuse(HttpContext context, string? status, string? message)
    {
        context.Response.ContentType = "application/grpc";
        if (status is not null)
            context.Response.Headers["grpc-status"] = status;
        if (message is not null)
            context.Response.Headers["grpc-message"] = message;
        return true;
    }

    private static bool Reset(HttpContext context)
    {
        context.Features.GetRequiredFeature<IHttpResetFeature>().Reset(8);
        return true;
    }

    private static LoadSummary Execute(LoadOptions options) => new LoadRun(options, TimeProvider.System).Execute();

    private static LoadOptions Options(WriteServer server) => MakeOptions(server.Address);

    private static LoadOptions MakeOptions(string address) => new()
    {
        Address = address,
        Token = "token",
        Service = WriteService.Product,
        Owner = "instance",
        Skus = ["sku-a", "sku-b"],
        Records = 25,
        Connections = 2,
        Streams = 16,
        Seconds = null,
        Requests = 100,
        DuplicatesPercent = 0,
        Uuid = UuidVersion.V4,
        RecordsPerSecond = 0,
        Output = OutputFormat.Text,
        AcknowledgedPath = null,
    };
}
