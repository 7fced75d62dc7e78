using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Metering.Client.Tests;
using Metering.Contracts.V1;

namespace Metering.Cli.Tests;

public sealed class StatementCommandTests : IDisposable
{
    private const long October = 1_790_812_800; // 2026-10-01T00:00:00Z

    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public async Task A_statement_is_shown_with_its_digest()
    {
        await using ScriptedServer server = await StartAsync();

        Outcome table = await _line.RunAsync(server, "statement", "--owner", "i1", "--period", "2026-10", "--time-zone", "Europe/Moscow");
        Outcome json = await _line.RunAsync(server, "statement", "--owner", "i1", "--from", "2026-10-01", "--to", "2026-11-01", "--output", "json");
        Outcome csv = await _line.RunAsync(server, "statement", "--owner", "i1", "--period", "2026-10", "--output", "csv");

        Assert.Equal(
            """
            i1, 2026-10-01T00:00:00Z to 2026-11-01T00:00:00Z
            product  sku                    quantity  unit  records
            p1       s1   18,446,744,073,709,551,616  c           3
            3 records, SHA-256 aa11

            """,
            table.Output);
        GetStatementRequest[] asked = [.. server.Exchanges.Select(exchange => exchange.Read(GetStatementRequest.Parser))];
        Assert.Equal(new GetStatementRequest { OwnerId = "i1", Month = "2026-10", TimeZone = "Europe/Moscow" }, asked[0]);
        Assert.Equal(
            new GetStatementRequest { OwnerId = "i1", From = new Timestamp { Seconds = October }, To = new Timestamp { Seconds = October + (31 * 86_400) } }, asked[1]);
        using JsonDocument document = JsonDocument.Parse(json.Output);
        Assert.Equal("aa11", document.RootElement.GetProperty("sha256").GetString());
        Assert.Equal("18446744073709551616", document.RootElement.GetProperty("totals")[0].GetProperty("quantity").GetString());
        Assert.Equal("product_id,sku_id,quantity,unit,records\np1,s1,18446744073709551616,c,3\n", csv.Output);
    }

    [Fact]
    public async Task Alike_lists_have_no_difference_whatever_their_order_and_spelling()
    {
        await using ScriptedServer server = await StartAsync();
        _line.Write("mine.csv",
            "timestamp,quantity,sku_id,uuid\n"
            + $"2026-10-02T03:00:00+03:00,7,s1,{Uuid(3).ToUpperInvariant()}\n2026-10-02T00:00:00.000Z,5,s1,{Uuid(1)}\n"
            + $"2026-10-02T00:00:00Z,6,s1,{Uuid(2)}\n2026-10-02T00:00:00Z,6,s1,{Uuid(2)}\n2026-11-01T00:00:00Z,1,s1,{Uuid(9)}\n");

        Outcome outcome = await _line.RunAsync(server, "statement", "diff", "--owner", "i1", "--period", "2026-10", "--file", "mine.csv");

        Assert.Equal((0, string.Empty), (outcome.ExitCode, outcome.Output));
        Assert.Equal("No difference: 4 records in the file, 3 counted; 1 of the file lie outside of the period.\n", outcome.Error);
    }

    [Fact]
    public async Task Each_record_that_is_missing_on_a_side_or_differs_is_named_and_the_exit_code_is_1()
    {
        await using ScriptedServer server = await StartAsync();
        _line.Write("mine.csv",
            $"uuid,sku_id,quantity,timestamp\n{Uuid(1)},s1,5,2026-10-02T00:00:00Z\n{Uuid(3)},s2,8,2026-10-02T00:00:00Z\n{Uuid(4)},s1,9,2026-10-02T00:00:00Z\n");

        Outcome table = await _line.RunAsync(server, "statement", "diff", "--owner", "i1", "--period", "2026-10", "--file", "mine.csv");
        Outcome csv = await _line.RunAsync(server, "statement", "diff", "--owner", "i1", "--period", "2026-10", "--file", "mine.csv", "-o", "csv");

        Assert.Equal((1, 1), (table.ExitCode, csv.ExitCode));
        Assert.Equal(
            "difference,uuid,file_sku_id,file_quantity,file_timestamp,counted_sku_id,counted_quantity,counted_timestamp\n"
            + $"NOT_IN_FILE,{Uuid(2)},,,,s1,6,2026-10-02T00:00:00Z\n"
            + $"DIFFERS,{Uuid(3)},s2,8,2026-10-02T00:00:00Z,s1,7,2026-10-02T00:00:00Z\n"
            + $"NOT_COUNTED,{Uuid(4)},s1,9,2026-10-02T00:00:00Z,,,\n",
            csv.Output);
        Assert.Matches($@"DIFFERS +{Uuid(3)}  s2 8 +s1 7\n", table.Output);
        Assert.Equal("1 DIFFERS, 1 NOT_COUNTED, 1 NOT_IN_FILE: 3 records in the file, 3 counted.\n", table.Error);
    }

    [Theory]
    [InlineData("--owner is missing", "--period", "2026-10")]
    [InlineData("Give either --period", "--owner", "i1")]
    [InlineData("Give either --period", "--owner", "i1", "--period", "2026-10", "--from", "2026-10-01")]
    [InlineData("Give either --period", "--owner", "i1", "--from", "2026-10-01")]
    public async Task Wrong_arguments_are_refused_before_anything_is_sent(string message, params string[] arguments)
    {
        await using ScriptedServer server = await StartAsync();
        Outcome outcome = await _line.RunAsync(server, ["statement", .. arguments]);
        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(message, outcome.Error);
        Assert.Empty(server.Exchanges);
    }

    [Fact]
    public void Lines_that_do_not_fit_into_memory_are_sorted_in_files_that_are_gone_afterwards()
    {
        var random = new Random(5);
        string[] lines = [.. Enumerable.Range(0, 1000).Select(_ => $"{random.Next(300):D3}-ä{random.Next(3)}")];
        string[] before = Directory.GetDirectories(Path.GetTempPath(), "metering-sort-*");
        using (var sorted = new SortedLines(linesInMemory: 64))
        {
            foreach (string line in lines)
                sorted.Add(line);
            Assert.Equal(lines.Order(StringComparer.Ordinal), sorted.Read());
            Assert.Equal(1000, sorted.Count);
            Assert.NotEmpty(Directory.GetDirectories(Path.GetTempPath(), "metering-sort-*").Except(before));
        }
    }

    private static string Uuid(int number) => $"{number:x8}-aaaa-4aaa-8aaa-aaaaaaaaaaaa";

    private static async Task<ScriptedServer> StartAsync()
    {
        ScriptedServer server = await ScriptedServer.StartAsync();
        var second = new Timestamp { Seconds = October + 86_400 };
        server.Script = exchange => exchange.Method switch
        {
            "UsageService/GetStatement" => ScriptedServer.Reply(new GetStatementResponse
            {
                Statement = new Statement
                {
                    ProductInstanceId = "i1",
                    From = new Timestamp { Seconds = October },
                    To = new Timestamp { Seconds = October + (31 * 86_400) },
                    Records = 3,
                    Sha256 = "aa11",
                    Totals = { new StatementTotal { ProductId = "p1", SkuId = "s1", Unit = "c", Quantity = "18446744073709551616", Records = 3 } },
                },
            }),
            _ => ScriptedServer.Stream(
                new WatchRecordsResponse { Records = { Record(2, 6, second), Record(3, 7, second) }, Cursor = "c1" },
                new WatchRecordsResponse { Records = { Record(1, 5, second) }, Cursor = "c2" }),
        };
        return server;
    }

    private static AcceptedRecord Record(int number, long quantity, Timestamp moment) =>
        new() { Uuid = Uuid(number), SkuId = "s1", Quantity = quantity, Timestamp = moment, ProductInstanceId = "i1" };
}
