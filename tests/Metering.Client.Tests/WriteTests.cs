using System.Runtime.CompilerServices;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Yandex.Cloud.Marketplace.Metering.V1;
using Reason = Yandex.Cloud.Marketplace.Metering.V1.RejectedUsageRecord.Types.Reason;
using static Metering.Client.Tests.Samples;
using static Metering.Client.Tests.ScriptedServer;

namespace Metering.Client.Tests;

public sealed class WriteTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(25, 1)]
    [InlineData(26, 2)]
    [InlineData(1003, 41)]
    public async Task Any_number_of_records_goes_out_in_requests_of_25_and_verdicts_keep_their_order(int records, int requests)
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = exchange => Verdicts(exchange, record => record.Quantity % 7 == 0 ? Reason.InvalidSkuId : null);
        using MeteringClient client = Connect(Options(server.Address));

        WriteResult result = await client.WriteProductUsageAsync(Instance, Records(records), cancellationToken: Token);

        Assert.Equal(requests, server.Exchanges.Count);
        Assert.All(server.Exchanges, exchange => Assert.InRange(exchange.Read(WriteUsageRequest.Parser).UsageRecords.Count, 1, 25));
        Assert.Equal(Records(records), result.Verdicts.Select(verdict => verdict.Record));
        Assert.All(result.Verdicts, verdict => Assert.Equal(verdict.Record.Quantity % 7 == 0, verdict.Outcome == WriteOutcome.Rejected));
        Assert.All(result.Verdicts.Where(verdict => verdict.Outcome == WriteOutcome.Rejected), verdict =>
            Assert.Equal(Reason.InvalidSkuId, verdict.Reason));
        Assert.Equal(records, result.Counts.Total);
    }

    [Fact]
    public async Task A_request_names_its_instance_and_dry_run_and_carries_the_token()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = AcceptAll;
        using MeteringClient client = Connect(Options(server.Address));

        await client.WriteProductUsageAsync(Instance, Records(1), dryRun: true, cancellationToken: Token);

        Exchange exchange = Assert.Single(server.Exchanges);
        WriteUsageRequest request = exchange.Read(WriteUsageRequest.Parser);
        Assert.Equal("/yandex.cloud.marketplace.metering.v1.ProductUsageService/Write", exchange.Path);
        Assert.True(request.DryRun);
        Assert.Equal(Instance, request.ProductInstanceId);
        Assert.Equal("Bearer t1", exchange.Headers["authorization"]);
        Assert.Equal("application/grpc", exchange.Headers["content-type"]);
        Assert.Equal("trailers", exchange.Headers["te"]);
        Assert.Equal("10000m", exchange.Headers["grpc-timeout"]);
        Assert.True(Guid.TryParseExact(exchange.Headers["x-client-request-id"], "D".AsSpan(), out _));
    }

    [Fact]
    public async Task An_image_write_names_the_product_and_validate_only()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = exchange => Reply(new WriteImageProductUsageResponse
        {
            Accepted = { exchange.Read(WriteImageProductUsageRequest.Parser)
                .UsageRecords.Select(record => new AcceptedUsageRecord { Uuid = record.Uuid }) },
        });
        using MeteringClient client = Connect(Options(server.Address));

        WriteResult result =
            await client.WriteImageProductUsageAsync("product-1", Records(30), validateOnly: true, cancellationToken: Token);

        Assert.True(result.IsComplete);
        Assert.Equal(2, server.Exchanges.Count);
        WriteImageProductUsageRequest request = server.Exchanges[0].Read(WriteImageProductUsageRequest.Parser);
        Assert.True(request.ValidateOnly);
        Assert.Equal("product-1", request.ProductId);
    }

    [Fact]
    public async Task Of_one_uuid_twice_in_a_request_each_record_gets_its_own_verdict()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = _ => Reply(new WriteUsageResponse
        {
            Accepted = { new AcceptedUsageRecord { Uuid = "u1" } },
            Rejected =
            {
                new RejectedUsageRecord { Uuid = "u1", Reason = Reason.InvalidQuantity },
                new RejectedUsageRecord { Uuid = "u1", Reason = Reason.Duplicate },
            },
        });
        using MeteringClient client = Connect(Options(server.Address));
        UsageRecord[] records = [.. Enumerable.Range(0, 3).Select(quantity => new UsageRecord { Uuid = "u1", SkuId = "s1", Quantity = quantity })];

        WriteResult result = await client.WriteProductUsageAsync(Instance, records, cancellationToken: Token);

        Assert.Equal(
            [(WriteOutcome.Rejected, Reason.InvalidQuantity), (WriteOutcome.Accepted, default), (WriteOutcome.Rejected, Reason.Duplicate)],
            result.Verdicts.Select(verdict => (verdict.Outcome, verdict.Reason)));
    }

    [Fact]
    public async Task A_retry_sends_the_same_records_under_the_same_idempotency_key()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = exchange => exchange.Number < 3 ? Fail(14, "busy") : AcceptAll(exchange);
        using MeteringClient client = Connect(Options(server.Address));

        WriteResult result = await client.WriteProductUsageAsync(Instance, Records(3), cancellationToken: Token);

        Assert.True(result.IsComplete);
        Assert.Equal(3, server.Exchanges.Count);
        Assert.Single(server.Exchanges.Select(exchange => Convert.ToHexString(exchange.Message)).Distinct());
        Assert.Single(server.Exchanges.Select(exchange => exchange.Headers["idempotency-key"]).Distinct());
        Assert.Equal(3, server.Exchanges.Select(exchange => exchange.Headers["x-client-request-id"]).Distinct().Count());
        Assert.Equal("2", server.Exchanges[2].Headers["grpc-previous-rpc-attempts"]);
    }

    [Fact]
    public async Task The_wait_that_the_server_asks_for_is_kept()
    {
        await using ScriptedServer server = await StartAsync();
        var retry = new RetryInfo { RetryDelay = Duration.FromTimeSpan(TimeSpan.FromSeconds(17)) };
        server.Script = exchange => exchange.Number == 1 ? Fail(8, "queue full", details: retry) : AcceptAll(exchange);
        var waits = new List<TimeSpan>();
        using MeteringClient client = Connect(Options(server.Address), waits);

        await client.WriteProductUsageAsync(Instance, Records(1), cancellationToken: Token);

        TimeSpan wait = Assert.Single(waits);
        Assert.InRange(wait, TimeSpan.FromSeconds(17), TimeSpan.FromSeconds(17) + MeteringClientOptions.DefaultBackoffInitial);
    }

    [Fact]
    public async Task Waits_are_random_under_a_doubling_ceiling()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = _ => Fail(14, "away");
        var waits = new List<TimeSpan>();
        MeteringClientOptions options = Options(server.Address);
        options.AttemptsMaximum = 12;
        using MeteringClient client = Connect(options, waits);

        WriteResult result = await client.WriteProductUsageAsync(Instance, Records(1), cancellationToken: Token);

        Assert.Equal(GrpcStatusCode.Unavailable, result.Failure!.Code);
        Assert.Equal(12, server.Exchanges.Count);
        Assert.Equal(11, waits.Count);
        Assert.All(waits.Index(), wait => Assert.InRange(
            wait.Item, TimeSpan.Zero, TimeSpan.FromMilliseconds(Math.Min(10_000, 100 * Math.Pow(2, wait.Index)))));
        Assert.Equal(11, waits.Distinct().Count());
    }

    [Theory]
    [InlineData("unavailable")]
    [InlineData("reset")]
    [InlineData("deadline")]
    public async Task A_duplicate_after_an_unknown_outcome_counts_as_delivered(string unknown)
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = exchange => exchange.Number > 1
            ? Verdicts(exchange, _ => Reason.Duplicate)
            : unknown switch { "unavailable" => Fail(14, "commit failed"), "reset" => Reset(), _ => Fail(4, "late") };
        using MeteringClient client = Connect(Options(server.Address));

        WriteResult result = await client.WriteProductUsageAsync(Instance, Records(2), cancellationToken: Token);

        Assert.Equal(2, result.Counts.DeliveredByRetry);
        Assert.True(result.IsComplete);
        Assert.All(result.Verdicts, verdict => Assert.Equal(Reason.Unspecified, verdict.Reason));
    }

    [Fact]
    public async Task A_duplicate_on_the_first_attempt_is_a_rejection()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = exchange => Verdicts(exchange, _ => Reason.Duplicate);
        using MeteringClient client = Connect(Options(server.Address));

        WriteResult result = await client.WriteProductUsageAsync(Instance, Records(1), cancellationToken: Token);

        Assert.Equal(WriteOutcome.Rejected, Assert.Single(result.Verdicts).Outcome);
        Assert.Equal(Reason.Duplicate, result.Verdicts[0].Reason);
    }

    [Fact]
    public async Task A_duplicate_after_a_refusal_that_did_nothing_is_a_rejection()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = exchange => exchange.Number == 1 ? Fail(8, "queue full") : Verdicts(exchange, _ => Reason.Duplicate);
        using MeteringClient client = Connect(Options(server.Address));

        WriteResult result = await client.WriteProductUsageAsync(Instance, Records(1), cancellationToken: Token);

        Assert.Equal(1, result.Counts.Rejected);
    }

    [Fact]
    public async Task A_duplicate_in_a_retried_dry_run_is_a_rejection()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = exchange => exchange.Number == 1 ? Fail(14, "away") : Verdicts(exchange, _ => Reason.Duplicate);
        using MeteringClient client = Connect(Options(server.Address));

        WriteResult result = await client.WriteProductUsageAsync(Instance, Records(1), dryRun: true, cancellationToken: Token);

        Assert.Equal(1, result.Counts.Rejected);
    }

    [Fact]
    public async Task The_second_record_with_one_uuid_stays_a_duplicate_after_a_retry()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = exchange => exchange.Number == 1 ? Fail(14, "away") : Verdicts(exchange, _ => Reason.Duplicate);
        using MeteringClient client = Connect(Options(server.Address));

        WriteResult result = await client.WriteProductUsageAsync(Instance, [Record(1), Record(1)], cancellationToken: Token);

        Assert.Equal([WriteOutcome.DeliveredByRetry, WriteOutcome.Rejected], result.Verdicts.Select(verdict => verdict.Outcome));
    }

    [Fact]
    public async Task A_deadline_is_sent_and_kept()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = exchange => exchange.Number == 1 ? Hang() : Verdicts(exchange, _ => Reason.Duplicate);
        MeteringClientOptions options = Options(server.Address);
        options.RequestTimeout = TimeSpan.FromSeconds(2);
        using MeteringClient client = Connect(options);

        WriteResult result = await client.WriteProductUsageAsync(Instance, Records(1), cancellationToken: Token);

        Assert.Equal("2000m", server.Exchanges[0].Headers["grpc-timeout"]);
        Assert.Equal(1, result.Counts.DeliveredByRetry);
    }

    [Fact]
    public async Task A_refused_request_stops_the_rest_and_every_record_sent_has_a_verdict()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = exchange => exchange.Number <= 2 ? AcceptAll(exchange) : Fail(7, "not authorized");
        MeteringClientOptions options = Options(server.Address);
        options.ConcurrentRequests = 1;
        using MeteringClient client = Connect(options);

        WriteResult result = await client.WriteProductUsageAsync(Instance, Records(1000), cancellationToken: Token);

        Assert.Equal(GrpcStatusCode.PermissionDenied, result.Failure!.Code);
        Assert.False(result.Failure.OutcomeIsUnknown);
        Assert.Equal(50, result.Counts.Accepted);
        Assert.Equal(25, result.Counts.Failed);
        Assert.Equal(3, server.Exchanges.Count);
        Assert.Equal(Records(75), result.Verdicts.Select(verdict => verdict.Record));
    }

    [Fact]
    public async Task When_the_source_throws_the_records_before_are_written_first()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = AcceptAll;
        using MeteringClient client = Connect(Options(server.Address));
        var accepted = new List<string>();

        InvalidOperationException fault = await Assert.ThrowsAsync<InvalidOperationException>(async () =>
        {
            await foreach (RecordVerdict verdict in client.WriteProductUsageAsync(Instance, Breaking(), cancellationToken: Token))
                accepted.Add(verdict.Record.Uuid);
        });

        Assert.Equal("line 31", fault.Message);
        Assert.Equal(Records(30).Select(record => record.Uuid), accepted);

        static async IAsyncEnumerable<UsageRecord> Breaking()
        {
            foreach (UsageRecord record in Records(30))
                yield return record;
            await Task.Yield();
            throw new InvalidOperationException("line 31");
        }
    }

    [Fact]
    public async Task A_source_that_pauses_does_not_hold_back_what_it_gave()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = AcceptAll;
        using MeteringClient client = Connect(Options(server.Address));
        var released = new TaskCompletionSource();

        await foreach (RecordVerdict verdict in client.WriteProductUsageAsync(Instance, Pausing(), cancellationToken: Token))
        {
            Assert.Equal(WriteOutcome.Accepted, verdict.Outcome);
            released.TrySetResult(); // The source goes on only once the first verdict is here.
        }

        Assert.Equal(2, server.Exchanges.Count);

        async IAsyncEnumerable<UsageRecord> Pausing()
        {
            yield return Record(1);
            await released.Task;
            yield return Record(2);
        }
    }

    [Fact]
    public async Task Requests_under_way_are_bounded_and_the_source_is_not_read_far_ahead()
    {
        const int Concurrent = 3;
        await using ScriptedServer server = await StartAsync();
        using var arrived = new SemaphoreSlim(0);
        var release = new TaskCompletionSource();
        int underWay = 0, most = 0, read = 0;
        server.Script = exchange => async context =>
        {
            InterlockedMaximum(ref most, Interlocked.Increment(ref underWay));
            arrived.Release();
            await release.Task;
            Interlocked.Decrement(ref underWay);
            await AcceptAll(exchange)(context);
        };
        MeteringClientOptions options = Options(server.Address);
        options.ConcurrentRequests = Concurrent;
        using MeteringClient client = Connect(options);

        Task<WriteResult> write = client.WriteProductUsageAsync(Instance, Records(2000).Select(Counted), cancellationToken: Token);
        for (int request = 0; request < Concurrent; request++)
            await arrived.WaitAsync(Token);
        int readWhileWaiting = Volatile.Read(ref read);
        release.SetResult();
        WriteResult result = await write;

        Assert.Equal(2000, result.Counts.Accepted);
        Assert.InRange(most, 1, Concurrent);
        Assert.InRange(readWhileWaiting, Concurrent * 25, (Concurrent + 1) * 25);

        UsageRecord Counted(UsageRecord record)
        {
            Interlocked.Increment(ref read);
            return record;
        }
    }

    [Fact]
    public async Task Progress_is_told_after_each_request_and_at_the_end()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = exchange => Verdicts(exchange, record => record.Quantity == 60 ? Reason.Expired : null);
        using MeteringClient client = Connect(Options(server.Address));
        var told = new Told();

        await client.WriteProductUsageAsync(Instance, Records(60), progress: told, cancellationToken: Token);

        Assert.Equal([new(25, 0, 0, 0), new(50, 0, 0, 0), new(59, 0, 1, 0)], told.Reports);
    }

    [Fact]
    public async Task A_reader_who_stops_early_ends_the_write()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = AcceptAll;
        using MeteringClient client = Connect(Options(server.Address));
        bool hasEnded = false;

        await foreach (RecordVerdict verdict in client.WriteProductUsageAsync(
            Instance, Endless(TestContext.Current.CancellationToken), cancellationToken: Token))
        {
            Assert.Equal(WriteOutcome.Accepted, verdict.Outcome);
            break;
        }

        Assert.True(hasEnded);

        async IAsyncEnumerable<UsageRecord> Endless([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            try
            {
                for (int number = 0; ; number++)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    await Task.Yield();
                    yield return Record(number);
                }
            }
            finally
            {
                hasEnded = true;
            }
        }
    }

    [Fact]
    public async Task A_reader_who_stops_while_answers_wait_for_him_ends_the_write()
    {
        await using ScriptedServer server = await StartAsync();
        using var answered = new SemaphoreSlim(0);
        server.Script = exchange =>
        {
            answered.Release();
            return AcceptAll(exchange);
        };
        MeteringClientOptions options = Options(server.Address);
        options.ConcurrentRequests = 1;
        using MeteringClient client = Connect(options);

        IAsyncEnumerable<UsageRecord> records = Records(1000).ToAsyncEnumerable();
        await foreach (RecordVerdict verdict in client.WriteProductUsageAsync(Instance, records, cancellationToken: Token))
        {
            Assert.Equal(WriteOutcome.Accepted, verdict.Outcome);
            for (int request = 0; request < 5; request++) // The first one, and as many as may wait.
                await answered.WaitAsync(Token);
            break;
        }

        Assert.InRange(server.Exchanges.Count, 5, 6);
    }

    [Fact]
    public async Task An_answer_that_does_not_fit_the_request_is_a_fault()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = _ => Reply(new WriteUsageResponse { Accepted = { new AcceptedUsageRecord { Uuid = "another" } } });
        using MeteringClient client = Connect(Options(server.Address));

        WriteResult result = await client.WriteProductUsageAsync(Instance, Records(1), cancellationToken: Token);

        Assert.Equal(GrpcStatusCode.Internal, result.Failure!.Code);
        Assert.True(result.Failure.OutcomeIsUnknown);
        Assert.Contains("no verdict on the record", result.Failure.Message);
    }

    [Fact]
    public async Task Giving_up_ends_a_write_that_waits_for_its_answer()
    {
        await using ScriptedServer server = await StartAsync();
        var arrived = new TaskCompletionSource();
        server.Script = _ =>
        {
            arrived.TrySetResult();
            return Hang();
        };
        using MeteringClient client = Connect(Options(server.Address));
        using var giveUp = new CancellationTokenSource();

        Task<WriteResult> write = client.WriteProductUsageAsync(Instance, Records(100), cancellationToken: giveUp.Token);
        await arrived.Task;
        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
    }

    private static void InterlockedMaximum(ref int maximum, int value)
    {
        for (int seen = Volatile.Read(ref maximum); value > seen; seen = Volatile.Read(ref maximum))
            Interlocked.CompareExchange(ref maximum, value, seen);
    }

    private sealed class Told : IProgress<WriteProgress>
    {
        public List<WriteProgress> Reports { get; } = [];

        public void Report(WriteProgress value) => Reports.Add(value);
    }
}
