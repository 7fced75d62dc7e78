using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Metering.Contracts.V1;
using static Metering.Client.Tests.Samples;
using static Metering.Client.Tests.ScriptedServer;

namespace Metering.Client.Tests;

/// <summary>The feed and the export: streams that go on after a lost connection, where they were.</summary>
public sealed class FeedTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_lost_connection_goes_on_from_the_last_cursor_and_nothing_is_missed_or_comes_twice()
    {
        await using ScriptedServer server = await StartAsync();
        var taken = new TaskCompletionSource();
        server.Script = exchange => exchange.Number switch
        {
            1 => StreamThen(ResetOnce(taken), Batch("c1", 0, 1), Batch("c2", 2)),
            2 => Fail(14, "starting"),
            3 => StreamThen(FailStream(14, "stopping"), Batch("c3")),
            4 => StreamThen(Reset()),
            _ => Stream(Batch("c4", 3)),
        };
        var waits = new List<TimeSpan>();
        using MeteringClient client = Connect(Options(server.Address), waits);

        List<WatchRecordsResponse> batches = await ReadAsync(
            client.WatchRecordsAsync(new WatchRecordsRequest { Consumer = "billing", UntilEnd = true, PageSize = 7 }, Token), 2, taken);

        Assert.Equal(["c1", "c2", "c3", "c4"], batches.Select(batch => batch.Cursor));
        Assert.Equal(Enumerable.Range(0, 4).Select(number => Accepted(number).Uuid), batches.SelectMany(batch => batch.Records).Select(record => record.Uuid));
        Assert.Equal(
            [("", "billing"), ("c2", ""), ("c2", ""), ("c3", ""), ("c3", "")],
            server.Exchanges.Select(exchange => exchange.Read(WatchRecordsRequest.Parser)).Select(request => (request.Cursor, request.Consumer)));
        Assert.All(server.Exchanges, exchange => Assert.Equal(7, exchange.Read(WatchRecordsRequest.Parser).PageSize));
        Assert.Equal(4, waits.Count);
    }

    [Fact]
    public async Task A_live_feed_outlives_a_server_that_ends_it_and_ends_when_its_reader_does()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = exchange => exchange.Number == 1 ? Stream(Batch("c1", 0)) : StreamThen(Hang(), Batch("c2", 1));
        using MeteringClient client = Connect(Options(server.Address));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var cursors = new List<string>();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (WatchRecordsResponse batch in client.WatchRecordsAsync(new WatchRecordsRequest { Cursor = "c0" }, stop.Token))
            {
                cursors.Add(batch.Cursor);
                if (batch.Cursor == "c2")
                    await stop.CancelAsync();
            }
        });

        Assert.Equal(["c1", "c2"], cursors);
        Assert.Equal(["c0", "c1"], server.Exchanges.Select(exchange => exchange.Read(WatchRecordsRequest.Parser).Cursor));
        Assert.All(server.Exchanges, exchange => Assert.DoesNotContain("grpc-timeout", exchange.Headers.Keys)); // it may be silent for days
    }

    [Fact]
    public async Task A_refusal_ends_the_feed_and_is_not_asked_again()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = exchange => exchange.Number == 1 ? StreamThen(FailStream(3, "cursor%20unknown"), Batch("c1")) : Stream();
        using MeteringClient client = Connect(Options(server.Address));

        MeteringException fault = await Assert.ThrowsAsync<MeteringException>(() => ReadAsync(client.WatchRecordsAsync(new WatchRecordsRequest(), Token)));

        Assert.Equal((GrpcStatusCode.InvalidArgument, "cursor unknown", "scripted-request"), (fault.Code, fault.Message, fault.RequestId));
        Assert.Single(server.Exchanges);
    }

    [Fact]
    public async Task A_server_that_stays_away_is_given_up_after_as_many_attempts_as_a_call_has()
    {
        await using ScriptedServer server = await StartAsync();
        server.Script = exchange => exchange.Number == 1 ? StreamThen(Reset(), Batch("c1")) : Fail(14, "away");
        MeteringClientOptions options = Options(server.Address);
        options.AttemptsMaximum = 3;
        using MeteringClient client = Connect(options);

        await Assert.ThrowsAsync<MeteringException>(() => ReadAsync(client.WatchRecordsAsync(new WatchRecordsRequest(), Token)));

        Assert.Equal(3, server.Exchanges.Count); // one that lost its connection, two more
    }

    [Fact]
    public async Task A_refused_token_is_renewed_once_for_each_connection()
    {
        await using ScriptedServer server = await StartAsync();
        int tokens = 0;
        server.Script = exchange => exchange.Method switch
        {
            "IamTokenService/Create" => Reply(new Yandex.Cloud.Iam.V1.CreateIamTokenResponse
            {
                IamToken = $"t{++tokens}",
                ExpiresAt = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(TimeProvider.System.GetUtcNow().AddHours(1)),
            }),
            _ => exchange.Headers["authorization"] switch
            {
                "Bearer t1" => Fail(16, "expired"),
                "Bearer t2" => StreamThen(FailStream(16, "expired"), Batch("c1", 0)),
                _ => Stream(Batch("c2", 1)),
            },
        };
        using MeteringClient client = Connect(new MeteringClientOptions { Address = server.Address, Key = AuthorizedKeyFile.Create("sa", KeyAlgorithm.Rsa2048, TimeProvider.System.GetUtcNow()) });

        List<WatchRecordsResponse> batches = await ReadAsync(client.WatchRecordsAsync(new WatchRecordsRequest { UntilEnd = true }, Token));

        Assert.Equal(["c1", "c2"], batches.Select(batch => batch.Cursor));
        Assert.Equal(3, tokens);
    }

    [Fact]
    public async Task A_large_message_in_small_parts_is_read_whole_and_one_that_breaks_off_is_not_taken()
    {
        await using ScriptedServer server = await StartAsync();
        WatchRecordsResponse large = Batch("c1", [.. Enumerable.Range(0, 5_000)]);
        byte[] frame = Frame(large.ToByteArray());
        server.Script = exchange => async context =>
        {
            context.Response.ContentType = "application/grpc";
            int length = exchange.Number == 1 ? frame.Length - 1 : frame.Length;
            for (int sent = 0; sent < length; sent += 9_973)
            {
                await context.Response.Body.WriteAsync(frame.AsMemory(sent, Math.Min(9_973, length - sent)), Token);
                await context.Response.Body.FlushAsync(Token);
            }

            context.Response.AppendTrailer("grpc-status", "0");
        };
        using MeteringClient client = Connect(Options(server.Address));

        MeteringException fault = await Assert.ThrowsAsync<MeteringException>(() => ReadAsync(client.WatchRecordsAsync(new WatchRecordsRequest { UntilEnd = true }, Token)));
        List<WatchRecordsResponse> batches = await ReadAsync(client.WatchRecordsAsync(new WatchRecordsRequest { UntilEnd = true }, Token));

        Assert.Equal(GrpcStatusCode.Internal, fault.Code);
        Assert.Contains("breaks off", fault.Message);
        Assert.Equal(large, Assert.Single(batches));
    }

    [Fact]
    public async Task An_export_goes_on_after_the_last_piece_that_came()
    {
        await using ScriptedServer server = await StartAsync();
        var taken = new TaskCompletionSource();
        static ExportRecordsResponse Piece(string text, string cursor) => new() { Lines = ByteString.CopyFromUtf8(text), Records = 1, Cursor = cursor };
        server.Script = exchange => exchange.Read(ExportRecordsRequest.Parser).Cursor switch
        {
            "" => StreamThen(ResetOnce(taken), Piece("header\na\n", "c1"), Piece("b\n", "c2")),
            _ => Stream(Piece("c\n", "c3")),
        };
        using MeteringClient client = Connect(Options(server.Address));

        List<ExportRecordsResponse> pieces = await ReadAsync(client.ExportRecordsAsync(
            new ExportRecordsRequest { Format = ExportRecordsRequest.Types.Format.Csv, Filter = new RecordFilter { SkuId = "s" } }, Token), 2, taken);

        Assert.Equal("header\na\nb\nc\n", string.Concat(pieces.Select(piece => piece.Lines.ToStringUtf8())));
        Assert.Equal(["", "c2"], server.Exchanges.Select(exchange => exchange.Read(ExportRecordsRequest.Parser).Cursor));
        Assert.All(server.Exchanges, exchange => Assert.Equal("s", exchange.Read(ExportRecordsRequest.Parser).Filter.SkuId));
    }

    private static AcceptedRecord Accepted(int number) => new() { Uuid = $"00000000-0000-4000-8000-{number:x12}", Quantity = number + 1 };

    private static WatchRecordsResponse Batch(string cursor, params int[] numbers) => new() { Cursor = cursor, Records = { numbers.Select(Accepted) } };

    // A reset takes with it what the client has not read yet.
    private static CannedAnswer ResetOnce(TaskCompletionSource taken) => async context =>
    {
        await taken.Task;
        await Reset()(context);
    };

    private static async Task<List<T>> ReadAsync<T>(IAsyncEnumerable<T> stream, int some = 0, TaskCompletionSource? taken = null)
    {
        var all = new List<T>();
        await foreach (T one in stream)
        {
            all.Add(one);
            if (all.Count == some)
                taken!.SetResult();
        }

        return all;
    }
}
