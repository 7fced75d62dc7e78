using System.Text;
using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Metering.Client.Tests;
using Yandex.Cloud.Marketplace.Metering.V1;
using Reason = Yandex.Cloud.Marketplace.Metering.V1.RejectedUsageRecord.Types.Reason;

namespace Metering.Cli.Tests;

public sealed class WriteCommandTests : IDisposable
{
    private const string Uuid = "00000000-0000-4000-8000-000000000001";

    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public async Task What_the_server_warns_of_is_told_once()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = exchange => ScriptedServer.ReplyWith("metering-clock-skew-warning", "50 min old.", new WriteUsageResponse
        {
            Accepted = { exchange.Read(WriteUsageRequest.Parser).UsageRecords.Select(record => new AcceptedUsageRecord { Uuid = record.Uuid }) },
        });
        _line.Write("usage.csv", "sku_id,quantity\n" + string.Concat(Enumerable.Repeat("s,1\n", 60)));

        Outcome outcome = await _line.RunAsync(server, "write", "--instance", "i", "--file", "usage.csv");

        Assert.Equal((0, "The server warns: 50 min old.\n"), (outcome.ExitCode, outcome.Error));
        Assert.Equal(3, server.Exchanges.Count);
    }

    [Fact]
    public async Task A_single_record_comes_from_options()
    {
        await using ScriptedServer server = await StartAsync();

        Outcome outcome = await _line.RunAsync(
            server, "write", "--instance", "i1", "--sku", "s1", "--quantity", "3", "--uuid", Uuid, "--timestamp", "2026-01-31T12:00:00Z");

        Assert.Equal(new Outcome(0, "verdict   records\nACCEPTED        1\n", string.Empty), outcome);
        WriteUsageRequest request = Assert.Single(server.Exchanges).Read(WriteUsageRequest.Parser);
        Assert.Equal("i1", request.ProductInstanceId);
        Assert.False(request.DryRun);
        Assert.Equal(
            new UsageRecord { Uuid = Uuid, SkuId = "s1", Quantity = 3, Timestamp = new Timestamp { Seconds = 1_769_860_800 } },
                Assert.Single(request.UsageRecords));
    }

    [Fact]
    public async Task A_record_without_uuid_and_time_gets_new_ones()
    {
        await using ScriptedServer server = await StartAsync();

        await _line.RunAsync(server, "write", "--instance", "i1", "--sku", "s1", "--quantity", "3");

        UsageRecord record = Assert.Single(CommandLine.RecordsOf(server));
        Assert.True(Guid.TryParseExact(record.Uuid.AsSpan(), "D", out _));
        Assert.Equal(CommandLine.Now, record.Timestamp.ToDateTimeOffset());
    }

    [Fact]
    public async Task A_product_is_written_through_the_image_service_and_a_dry_run_says_so()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = exchange => ScriptedServer.Reply(new WriteImageProductUsageResponse
        {
            Accepted = { exchange.Read(WriteImageProductUsageRequest.Parser)
                .UsageRecords.Select(record => new AcceptedUsageRecord { Uuid = record.Uuid }) },
        });

        Outcome outcome = await _line.RunAsync(server, "write", "--product", "p1", "--sku", "s1", "--quantity", "1", "--dry-run");

        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("nothing was recorded", outcome.Error);
        WriteImageProductUsageRequest request = Assert.Single(server.Exchanges).Read(WriteImageProductUsageRequest.Parser);
        Assert.True(request.ValidateOnly);
        Assert.Equal("p1", request.ProductId);
    }

    [Fact]
    public async Task A_csv_file_with_columns_in_any_order_is_split_into_requests()
    {
        await using ScriptedServer server = await StartAsync();
        var csv = new StringBuilder("\ufeffquantity,uuid,\"sku_id\"\r\n");
        for (int number = 1; number <= 60; number++)
            csv.Append($"{number},00000000-0000-4000-8000-{number:x12},\"sku,\"\"{number % 2}\"\"\"\r\n");
        _line.Write("usage.csv", csv.ToString());

        Outcome outcome = await _line.RunAsync(server, "write", "--instance", "i1", "-f", "usage.csv");

        Assert.Equal("verdict   records\nACCEPTED       60\n", outcome.Output);
        Assert.Equal([25, 25, 10],
            server.Exchanges.Select(exchange => exchange.Read(WriteUsageRequest.Parser).UsageRecords.Count).OrderDescending());
        Assert.Equal(Enumerable.Range(1, 60), CommandLine.RecordsOf(server).Select(record => (int)record.Quantity).Order());
        Assert.Contains(CommandLine.RecordsOf(server), record => record.SkuId == "sku,\"1\"");
    }

    [Fact]
    public async Task Json_lines_from_standard_input_come_out_as_verdict_lines()
    {
        await using ScriptedServer server = await StartAsync(record => record.Quantity == 2 ? Reason.Expired : null);
        _line.Input = Encoding.UTF8.GetBytes(
            $$"""
            {"uuid":"{{Uuid}}","skuId":"s1","quantity":"1","timestamp":"2026-01-31T12:00:00.000000001Z"}

            {"sku_id":"s2","quantity":2,"uuid":"u2","timestamp":"2026-01-31T13:00:00+01:00"}
            """);

        Outcome outcome =
            await _line.RunAsync(server, "write", "--instance", "i1", "--file", "-", "--format", "jsonl", "--output", "jsonl");

        Assert.Equal(1, outcome.ExitCode);
        Assert.Equal(
            $$"""
            {"uuid":"{{Uuid}}","verdict":"ACCEPTED","skuId":"s1","quantity":"1","timestamp":"2026-01-31T12:00:00.000000001Z"}
            {"uuid":"u2","verdict":"EXPIRED","skuId":"s2","quantity":"2","timestamp":"2026-01-31T12:00:00Z"}

            """,
            outcome.Output);
    }

    [Theory]
    [InlineData("""{"sku_id":"\ud800","quantity":1}""")]
    [InlineData("""{"\ud800":"s1","quantity":1}""")]
    public async Task A_json_text_that_is_not_valid_unicode_is_named_with_its_line(string line)
    {
        await using ScriptedServer server = await StartAsync();
        _line.Input = Encoding.UTF8.GetBytes(line);

        Outcome outcome = await _line.RunAsync(server, "write", "--instance", "i1", "--file", "-", "--format", "jsonl");

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains("(standard input):1: a text is not valid Unicode", outcome.Error);
    }

    [Fact]
    public async Task Rejected_records_are_listed_with_their_reason_and_the_exit_code_is_1()
    {
        await using ScriptedServer server = await StartAsync(record => record.Quantity > 1 ? Reason.InvalidSkuId : null);
        _line.Write("usage.csv", "uuid,sku_id,quantity,timestamp\nu1,s1,1,2026-01-31T12:00:00Z\nu2,s1,1000000,2026-01-31T12:00:00Z\n");

        Outcome outcome = await _line.RunAsync(server, "write", "--instance", "i1", "-f", "usage.csv");

        Assert.Equal(1, outcome.ExitCode);
        Assert.Equal(
            """
            verdict         records
            ACCEPTED              1
            INVALID_SKU_ID        1

            verdict         uuid  sku_id   quantity  timestamp
            INVALID_SKU_ID  u2    s1      1,000,000  2026-01-31T12:00:00Z

            """,
            outcome.Output);
    }

    [Fact]
    public async Task Json_output_is_one_document_with_counts_and_uuids()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = exchange => exchange.Number == 1
            ? ScriptedServer.Fail(14, "commit failed")
            : CommandLine.Judge(
                exchange, record => record.Uuid switch { "u1" => Reason.Duplicate, "u2" => Reason.InvalidQuantity, _ => null });
        _line.Write("usage.csv", "uuid,sku_id,quantity\nu1,s1,1\nu2,s1,-1\nu3,s1,1\n");

        Outcome outcome = await _line.RunAsync(server, "write", "--instance", "i1", "-f", "usage.csv", "--output", "json");

        Assert.Equal(1, outcome.ExitCode);
        using JsonDocument document = JsonDocument.Parse(outcome.Output);
        Assert.Equal(
            """{"dryRun":false,"counts":{"accepted":1,"deliveredByRetry":1,"rejected":1,"failed":0,"skipped":0},"accepted":["u3"],"deliveredByRetry":["u1"],"rejected":[{"uuid":"u2","reason":"INVALID_QUANTITY"}],"failed":[],"error":null}""",
            JsonSerializer.Serialize(document.RootElement));
    }

    [Theory]
    [InlineData("csv", "uuid,sku_id,quantity\nu1,s1,1\nu2,s1,abc\nu3,s1,1", "in.csv:3: quantity 'abc' is no whole number of 64 bits", 1)]
    [InlineData("csv", "sku_id,quantity\ns1,1\ns1,99999999999999999999",
        "in.csv:3: quantity '99999999999999999999' is no whole number of 64 bits", 1)]
    [InlineData("csv", "sku_id,quantity\ns1,1.5", "in.csv:2: quantity '1.5' is no whole number of 64 bits", 0)]
    [InlineData("csv", "sku_id,quantity\ns1", "in.csv:2: the line has 1 fields, the header has 2", 0)]
    [InlineData("csv", "sku_id,quantity\ns1,1\n,2", "in.csv:3: sku_id is missing", 1)]
    [InlineData("csv", "sku_id,quantity\ns1,", "in.csv:2: quantity is missing", 0)]
    [InlineData("csv", "sku_id,quantity,timestamp\ns1,1,yesterday", "in.csv:2: timestamp 'yesterday' is not RFC 3339", 0)]
    [InlineData(
        "csv", "sku_id,quantity,timestamp\ns1,1,2026-02-30T00:00:00Z", "in.csv:2: timestamp '2026-02-30T00:00:00Z' is not RFC 3339", 0)]
    [InlineData("csv", "sku_id,quantity\n\"s1,1", "in.csv:2: a quote has no end", 0)]
    [InlineData(
        "csv", "sku_id,amount\ns1,1", "in.csv:1: column 'amount' is unknown; expected a header of uuid, sku_id, quantity, timestamp", 0)]
    [InlineData("csv", "sku_id,uuid\ns1,1", "in.csv:1: column 'quantity' is missing", 0)]
    [InlineData("csv", "sku_id,quantity,skuId\ns1,1,s1", "in.csv:1: column 'sku_id' is there twice", 0)]
    [InlineData("csv", "", "in.csv:1: the file is empty; expected a header", 0)]
    [InlineData("jsonl", "{\"sku_id\":\"s1\",\"quantity\":1}\n{\"sku_id\":", "in.jsonl:2: this is not JSON, from character 11 on", 1)]
    [InlineData("jsonl", "[1]", "in.jsonl:1: this is not a JSON object", 0)]
    [InlineData("jsonl", "\n\n{\"quantity\":1}", "in.jsonl:3: sku_id is missing", 0)]
    [InlineData("jsonl", "{\"sku_id\":\"s1\",\"quantiy\":1}", "in.jsonl:1: member 'quantiy' is unknown", 0)]
    [InlineData("jsonl", "{\"sku_id\":1,\"quantity\":1}", "in.jsonl:1: member 'sku_id' is no text", 0)]
    [InlineData("jsonl", "{\"sku_id\":\"s1\",\"quantity\":true}", "in.jsonl:1: member 'quantity' is no text and no number", 0)]
    [InlineData("jsonl", "{\"sku_id\":\"s1\",\"quantity\":1e3}", "in.jsonl:1: quantity '1e3' is no whole number of 64 bits", 0)]
    [InlineData("jsonl", "{\"sku_id\":\"s1\",\"quantity\":1,\"skuId\":\"s\"}", "in.jsonl:1: member 'skuId' is there twice", 0)]
    [InlineData("jsonl", "{\"sku_id\":\"s1\",\"quantity\":1,\"uuid\":\"0123456789012345678901234567890123456\"}",
        "in.jsonl:1: uuid has 37 characters, at most 36", 0)]
    [InlineData("jsonl", "{\"sku_id\":\"012345678901234567890123456789012345678901234567890\",\"quantity\":1}",
        "in.jsonl:1: sku_id has 51 characters", 0)]
    public async Task A_malformed_line_is_named_and_only_the_records_before_it_are_written(
        string format, string content, string message, int written)
    {
        await using ScriptedServer server = await StartAsync();
        _line.Write($"in.{format}", content);

        Outcome outcome = await _line.RunAsync(server, "write", "--instance", "i1", "-f", $"in.{format}");

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains($"error: {message}", outcome.Error);
        Assert.Contains($"Before it: {written} record{(written == 1 ? string.Empty : "s")} written, 0 rejected; nothing after it was sent.",
            outcome.Error);
        Assert.Equal(written, CommandLine.RecordsOf(server).Length);
    }

    [Fact]
    public async Task Text_that_is_not_utf_8_and_endless_lines_are_refused()
    {
        await using ScriptedServer server = await StartAsync();
        string[] arguments = ["write", "--instance", "i1", "--file", "-", "--format", "jsonl"];

        _line.Input = [.. "{\"sku_id\":\""u8, 0xff, 0xfe, .. "\",\"quantity\":1}"u8];
        Outcome encoding = await _line.RunAsync(server, arguments);
        _line.Input = new byte[200_000];
        Array.Fill(_line.Input, (byte)'x');
        Outcome length = await _line.RunAsync(server, arguments);

        Assert.Equal((2, 2), (encoding.ExitCode, length.ExitCode));
        Assert.Contains("(standard input):1: the text is not UTF-8", encoding.Error);
        Assert.Contains("(standard input):1: the line is longer than 65,536 characters", length.Error);
        Assert.Empty(server.Exchanges);
    }

    [Fact]
    public async Task Invalid_lines_are_skipped_when_asked_and_reported()
    {
        await using ScriptedServer server = await StartAsync();
        _line.Write("in.csv", "sku_id,quantity\ns1,1\ns1,x\ns1\ns1,2\n");

        Outcome outcome = await _line.RunAsync(server, "write", "--instance", "i1", "-f", "in.csv", "--skip-invalid");

        Assert.Equal(1, outcome.ExitCode);
        Assert.Equal([1, 2], CommandLine.RecordsOf(server).Select(record => record.Quantity));
        Assert.Equal(
            "skipped in.csv:3: quantity 'x' is no whole number of 64 bits\nskipped in.csv:4: the line has 1 fields, the header has 2\n",
            outcome.Error);
        Assert.Contains("(skipped lines)        2", outcome.Output);
    }

    [Theory]
    [InlineData("Pass either --instance ID or --product ID", "--sku", "s", "--quantity", "1")]
    [InlineData("Pass either --instance ID or --product ID", "--instance", "i", "--product", "p", "--sku", "s", "--quantity", "1")]
    [InlineData("Pass either --sku ID and --quantity N, or --file FILE", "--instance", "i")]
    [InlineData("Pass either --sku ID and --quantity N, or --file FILE", "--instance", "i", "--sku", "s", "--quantity", "1", "-f", "x.csv")]
    [InlineData("needs both --sku ID and --quantity N", "--instance", "i", "--sku", "s")]
    [InlineData("quantity 'many' is no whole number", "--instance", "i", "--sku", "s", "--quantity", "many")]
    [InlineData("x.csv cannot be read: no such file", "--instance", "i", "-f", "x.csv")]
    [InlineData("The format of standard input is not told by its name", "--instance", "i", "-f", "-")]
    [InlineData("The format of x.txt is not told by its name", "--instance", "i", "-f", "x.txt")]
    [InlineData("Unrecognized command or argument '--colour'", "--instance", "i", "--sku", "s", "--quantity", "1", "--colour")]
    public async Task Wrong_arguments_are_refused_before_anything_is_sent(string message, params string[] arguments)
    {
        await using ScriptedServer server = await StartAsync();

        Outcome outcome = await _line.RunAsync(server, ["write", .. arguments]);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(message, outcome.Error);
        Assert.Empty(outcome.Output);
        Assert.Empty(server.Exchanges);
    }

    [Fact]
    public async Task A_refused_request_ends_with_3_its_words_and_what_was_written()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = _ => ScriptedServer.Fail(7, "not authorized");

        Outcome outcome = await _line.RunAsync(server, "write", "--instance", "i1", "--sku", "s1", "--quantity", "1", "--output", "json");

        Assert.Equal(3, outcome.ExitCode);
        Assert.StartsWith(
            "error: PERMISSION_DENIED: not authorized\n  request id: scripted-request\n  0 records written, 0 rejected, 1 failed",
            outcome.Error);
        using JsonDocument document = JsonDocument.Parse(outcome.Output);
        Assert.Equal("not authorized", document.RootElement.GetProperty("error").GetString());
        Assert.Equal(1, document.RootElement.GetProperty("failed").GetArrayLength());
    }

    [Fact]
    public async Task An_interrupted_write_ends_with_130_and_says_what_is_known()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        using var interrupted = new CancellationTokenSource();
        server.Script = _ =>
        {
            interrupted.Cancel();
            return ScriptedServer.Hang();
        };
        _line.Interrupted = interrupted.Token;

        Outcome outcome = await _line.RunAsync(server, "write", "--instance", "i1", "--sku", "s1", "--quantity", "1");

        Assert.Equal(130, outcome.ExitCode);
        Assert.Contains("Interrupted after 0 records written", outcome.Error);
        Assert.DoesNotContain("   at ", outcome.Error);
    }

    [Fact]
    public async Task Verbose_shows_every_record()
    {
        await using ScriptedServer server = await StartAsync(record => record.Uuid == "u2" ? Reason.Duplicate : null);
        _line.Write("in.csv", "uuid,sku_id,quantity,timestamp\nu1,s1,1000,2026-01-31T12:00:00Z\nu2,s1,1,2026-01-31T12:00:00Z\n");

        Outcome outcome = await _line.RunAsync(server, "write", "--instance", "i1", "-f", "in.csv", "--verbose");

        string[] lines = outcome.Output.Split('\n');
        Assert.StartsWith("ACCEPTED            u1 ", lines[0]);
        Assert.EndsWith(" s1  1,000  2026-01-31T12:00:00Z", lines[0]);
        Assert.StartsWith("DUPLICATE           u2 ", lines[1]);
    }

    [Fact]
    public async Task A_terminal_gets_borders_colours_and_progress_and_a_pipe_none_of_them()
    {
        await using ScriptedServer server = await StartAsync(_ => Reason.Expired);
        string[] arguments = ["write", "--instance", "i1", "--sku", "s1", "--quantity", "1"];

        Outcome piped = await _line.RunAsync(server, arguments);
        _line.IsTerminal = true;
        Outcome shown = await _line.RunAsync(server, arguments);
        _line.Environment["NO_COLOR"] = "1";
        Outcome colourless = await _line.RunAsync(server, arguments);

        Assert.All(piped.Output + piped.Error, character => Assert.InRange(character, '\n', '~'));
        Assert.Contains("\e[", shown.Output);
        Assert.Contains("╭", shown.Output);
        Assert.Contains("1 record, 1 rejected", shown.Error);
        Assert.Contains("╭", colourless.Output);
        Assert.DoesNotContain("\e[3", colourless.Output);
    }

    private static async Task<ScriptedServer> StartAsync(Func<UsageRecord, Reason?>? judge = null)
    {
        ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = exchange => CommandLine.Judge(exchange, judge ?? (_ => null));
        return server;
    }
}
