using System.Net;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Metering.Client.Tests;
using Metering.Contracts.V1;
using Metering.Server;

namespace Metering.Cli.Tests;

public sealed class ArchiveCommandTests : IDisposable
{
    private static readonly Timestamp Moment = new() { Seconds = 1_769_817_600, Nanos = 5 };

    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public async Task Archives_are_made_one_after_the_other_until_nothing_is_left_all_before_one_moment()
    {
        await using ScriptedServer server = await StartAsync(archives: 2);

        Outcome outcome = await _line.RunAsync(server, "archive", "create", "--older-than", "90d");

        Assert.Equal((0, string.Empty), (outcome.ExitCode, outcome.Error));
        Assert.Equal(
            """
            file                  records      bytes  first accepted        last accepted                   sha256  there
            000-1-aa11.archive  1,234,567  9,876,543  2026-01-01T00:00:00Z  2026-01-31T00:00:00.000000005Z  aa11    yes
            000-2-aa22.archive  1,234,567  9,876,543  2026-01-01T00:00:00Z  2026-01-31T00:00:00.000000005Z  aa22    yes
            2,469,134 records in 2 files archived in /data/archives and dropped from the ledger. Totals stay. Keep the files: they are the only copy of these records.

            """,
            outcome.Output);
        CreateArchiveRequest[] requests = [.. server.Exchanges.Select(exchange => exchange.Read(CreateArchiveRequest.Parser))];
        Assert.Equal(new CreateArchiveRequest { OlderThan = new Duration { Seconds = 90 * 86_400 } }, requests[0]);
        Assert.Equal(new CreateArchiveRequest { AcceptedBefore = Moment }, requests[1]);
        Assert.Equal(new CreateArchiveRequest { AcceptedBefore = Moment }, requests[2]);
    }

    [Fact]
    public async Task A_dry_run_asks_for_each_next_archive_and_says_that_nothing_was_changed()
    {
        await using ScriptedServer server = await StartAsync(archives: 2);

        Outcome outcome = await _line.RunAsync(server, "archive", "create", "--older-than", "36h", "--dry-run", "--output", "json");

        Assert.Equal(0, outcome.ExitCode);
        using JsonDocument document = JsonDocument.Parse(outcome.Output);
        Assert.True(document.RootElement.GetProperty("dryRun").GetBoolean());
        Assert.Equal([1_234_567, 1_234_567], document.RootElement.GetProperty("archives").EnumerateArray().Select(one => one.GetProperty("records").GetInt64()));
        Assert.Equal([0, 10, 20], server.Exchanges.Select(exchange => exchange.Read(CreateArchiveRequest.Parser).AfterBatch));
        Assert.All(server.Exchanges, exchange => Assert.True(exchange.Read(CreateArchiveRequest.Parser).DryRun));
    }

    [Fact]
    public async Task Nothing_old_enough_is_no_failure()
    {
        await using ScriptedServer server = await StartAsync(archives: 0);
        Outcome outcome = await _line.RunAsync(server, "archive", "create", "--older-than", "1d");
        Assert.Equal(new Outcome(0, "No records are old enough: nothing was archived.\n", string.Empty), outcome);
    }

    [Fact]
    public async Task What_was_made_before_a_failure_is_shown()
    {
        await using ScriptedServer server = await StartAsync(archives: 1);
        Func<Exchange, CannedAnswer> script = server.Script;
        server.Script = exchange => exchange.Number == 1 ? script(exchange) : ScriptedServer.Fail(3, "no");
        Outcome outcome = await _line.RunAsync(server, "archive", "create", "--older-than", "1d");
        Assert.Equal(3, outcome.ExitCode);
        Assert.Contains("000-1-aa11.archive", outcome.Output);
        Assert.Contains("INVALID_ARGUMENT: no", outcome.Error);
    }

    [Theory]
    [InlineData("90")]
    [InlineData("d")]
    [InlineData("-1d")]
    [InlineData("1.5d")]
    [InlineData("36501d")]
    [InlineData("999999999999999999999h")]
    public async Task An_age_that_is_none_is_refused_before_anything_is_sent(string age)
    {
        await using ScriptedServer server = await StartAsync(archives: 0);
        Outcome outcome = await _line.RunAsync(server, "archive", "create", $"--older-than={age}");
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains($"--older-than '{age}' is no age: expected hours or days, such as 36h or 90d, up to 36500d.", outcome.Error);
        Assert.Empty(server.Exchanges);
    }

    [Fact]
    public async Task A_list_says_which_files_are_elsewhere()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        Archive elsewhere = ArchiveOf(2);
        elsewhere.Present = false;
        server.Script = _ => ScriptedServer.Reply(new ListArchivesResponse { Archives = { ArchiveOf(1), elsewhere }, Folder = "/data/archives" });
        Outcome table = await _line.RunAsync(server, "archive", "list");
        Assert.Matches(@"aa11 +yes\n.*aa22 +elsewhere\n2 archives with 2,469,134 records. Their place is /data/archives.\n$", table.Output);
        Outcome json = await _line.RunAsync(server, "archive", "list", "-o", "json");
        using JsonDocument document = JsonDocument.Parse(json.Output);
        Assert.Equal([true, false], document.RootElement.GetProperty("archives").EnumerateArray().Select(one => one.GetProperty("present").GetBoolean()));
        server.Script = _ => ScriptedServer.Reply(new ListArchivesResponse());
        Assert.Equal("There are no archives: every record is in the ledger.\n", (await _line.RunAsync(server, "archive", "list")).Output);
    }

    [Fact]
    public async Task A_damaged_archive_ends_with_exit_code_1_and_a_whole_one_says_whose_it_is()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = _ => ScriptedServer.Reply(new VerifyArchiveResponse { Differences = { "The archive x is damaged: so." } });
        Outcome damaged = await _line.RunAsync(server, "archive", "verify", "x");
        Assert.Equal((1, string.Empty), (damaged.ExitCode, damaged.Output));
        Assert.Contains("The archive x is damaged: so.", damaged.Error);

        server.Script = _ => ScriptedServer.Reply(new VerifyArchiveResponse { Archive = ArchiveOf(1), Noted = true });
        Outcome whole = await _line.RunAsync(server, "archive", "verify", "000-1-aa11.archive");
        Assert.Equal("000-1-aa11.archive is whole: 1,234,567 records, SHA-256 aa11.\nIt is what the ledger wrote.\n", whole.Output);
        server.Script = _ => ScriptedServer.Reply(new VerifyArchiveResponse { Archive = ArchiveOf(1) });
        Assert.Contains("The ledger does not know it", (await _line.RunAsync(server, "archive", "verify", "x")).Output);
    }

    [Fact]
    public async Task Records_are_exported_page_by_page_as_json_lines_and_csv()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = exchange => ScriptedServer.Reply(exchange.Read(ReadArchivedRecordsRequest.Parser).PageToken.Length == 0
            ? new ReadArchivedRecordsResponse { Records = { RecordOf("u1") }, NextPageToken = "1.2.3" }
            : new ReadArchivedRecordsResponse { Records = { RecordOf("u2") } });

        Outcome lines = await _line.RunAsync(server, "archive", "export", "x.archive");
        Assert.Equal(
            """{"uuid":"u1","product_id":"p","product_instance_id":"","billing_account_id":"b","sku_id":"s,1","unit":"call","quantity":"9223372036854775807","timestamp":"2026-01-31T00:00:00.000000005Z","accepted":"2026-01-31T00:00:00.000000005Z","service_account_id":"a","request_id":"r"}""",
            lines.Output.Split('\n')[0]);
        Assert.Equal(3, lines.Output.Split('\n').Length);
        Outcome csv = await _line.RunAsync(server, "archive", "export", "x.archive", "--output", "csv");
        Assert.Equal(
            "uuid,product_id,product_instance_id,billing_account_id,sku_id,unit,quantity,timestamp,accepted,service_account_id,request_id\n"
            + "u1,p,,b,\"s,1\",call,9223372036854775807,2026-01-31T00:00:00.000000005Z,2026-01-31T00:00:00.000000005Z,a,r\n",
            csv.Output[..(csv.Output.IndexOf("u2", StringComparison.Ordinal))]);
        Assert.Equal(["", "1.2.3", "", "1.2.3"], server.Exchanges.Select(exchange => exchange.Read(ReadArchivedRecordsRequest.Parser).PageToken));
    }

    [Fact]
    public async Task Against_a_real_server_the_commands_say_what_there_is()
    {
        var options = new ServerOptions
        {
            Data = Path.Combine(_line.Folder, "data"), ListenHttp = null, ListenGrpc = new IPEndPoint(IPAddress.Loopback, 0), ListenHttps = null,
        };
        await using MeteringServer server = await Server.Program.StartAsync(options, TimeProvider.System, TestContext.Current.CancellationToken);
        string[] where = ["--data", "data", "--address", $"http://{server.Facts.Listening.Grpc}"];
        Assert.Equal(0, (await _line.RunAsync(["archive", "create", "--older-than", "1d", .. where])).ExitCode);
        Assert.Equal(0, (await _line.RunAsync(["archive", "list", .. where])).ExitCode);
        Outcome young = await _line.RunAsync(["archive", "create", "--older-than", "23h", .. where]);
        Assert.Equal(3, young.ExitCode);
        Assert.Contains("older_than reaches records of another age than can be archived: 1 d at least", young.Error);
        Outcome missing = await _line.RunAsync(["archive", "export", "x.archive", .. where]);
        Assert.Equal(3, missing.ExitCode);
        Assert.Contains("There is no archive 'x.archive'", missing.Error);
    }

    private static async Task<ScriptedServer> StartAsync(int archives)
    {
        ScriptedServer server = await ScriptedServer.StartAsync();
        int made = 0;
        server.Script = _ => ScriptedServer.Reply(new CreateArchiveResponse
        {
            AcceptedBefore = Moment, Folder = "/data/archives", Archive = made < archives ? ArchiveOf(++made) : null,
        });
        return server;
    }

    private static Archive ArchiveOf(int number) => new()
    {
        FileName = $"000-{number}-aa{number}{number}.archive",
        FirstBatch = (number * 10) - 9,
        LastBatch = number * 10,
        Records = 1_234_567,
        Bytes = 9_876_543,
        FirstAccepted = new Timestamp { Seconds = 1_767_225_600 },
        LastAccepted = Moment,
        Sha256 = $"aa{number}{number}",
        Present = true,
    };

    private static ArchivedRecord RecordOf(string uuid) => new()
    {
        Uuid = uuid, ProductId = "p", BillingAccountId = "b", SkuId = "s,1", Unit = "call", Quantity = long.MaxValue, Timestamp = Moment,
        Accepted = Moment, ServiceAccountId = "a", RequestId = "r",
    };
}
