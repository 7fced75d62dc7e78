using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Metering.Client.Tests;
using Metering.Contracts.V1;

namespace Metering.Cli.Tests;

public sealed class RecordsCommandTests : IDisposable
{
    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public async Task Filters_and_limit_are_asked_for()
    {
        await using ScriptedServer server = await StartAsync();

        await _line.RunAsync(
            server, "records", "--product", "p", "--instance", "i", "--billing-account", "b", "--sku", "s", "--from", "2026-01-31",
            "--to", "2026-01-31T12:00:00.25+01:00", "--limit", "9");

        Assert.Equal(
            new ListRecordsRequest
            {
                PageSize = 10,
                Filter = new RecordFilter
                {
                    ProductId = "p",
                    ProductInstanceId = "i",
                    BillingAccountId = "b",
                    SkuId = "s",
                    From = new Timestamp { Seconds = 1_769_817_600 },
                    To = new Timestamp { Seconds = 1_769_857_200, Nanos = 250_000_000 },
                },
            },
            Assert.Single(server.Exchanges).Read(ListRecordsRequest.Parser));
    }

    [Fact]
    public async Task Table_csv_and_json_show_the_records_with_every_digit()
    {
        await using ScriptedServer server = await StartAsync();

        Outcome table = await _line.RunAsync(server, "records");
        Outcome csv = await _line.RunAsync(server, "records", "--output", "csv");
        Outcome json = await _line.RunAsync(server, "records", "--output", "json");

        Assert.Equal(
            """
            accepted              uuid                                  owner     sku                   quantity  unit       timestamp               by
            2026-01-31T00:00:10Z  00000000-0000-4000-8000-000000000001  i1        s1   9,223,372,036,854,775,807  core*hour  2026-01-31T00:00:00.5Z  sa1
            2026-01-31T00:00:10Z  00000000-0000-4000-8000-000000000002  p1 of b1  s1                           2  say "GB"   2026-01-31T00:00:00.5Z  sa1

            """,
            table.Output);
        Assert.Equal(SampleRecords.FirstAsCsv, csv.Output.Split('\n')[1]);
        Assert.Contains("p1,,b1,s1,\"say \"\"GB\"\"\",2,", csv.Output.Split('\n')[2]);
        using JsonDocument document = JsonDocument.Parse(json.Output);
        Assert.Equal(SampleRecords.FirstAsJson, JsonSerializer.Serialize(document.RootElement.GetProperty("records")[0]));
        Assert.Equal(2, document.RootElement.GetProperty("records").GetArrayLength());
    }

    [Fact]
    public async Task More_than_the_limit_are_not_shown_and_said_to_be_there()
    {
        await using ScriptedServer server = await StartAsync();

        Outcome outcome = await _line.RunAsync(server, "records", "--limit", "1", "--output", "csv");
        Outcome exact = await _line.RunAsync(server, "records", "--limit", "2", "--output", "csv");

        Assert.Equal(2, outcome.Output.Count(character => character == '\n'));
        Assert.StartsWith("There are more:", outcome.Error);
        Assert.Empty(exact.Error);
    }

    [Theory]
    [InlineData("--limit is out of range", "--limit", "0")]
    [InlineData("--limit is out of range", "--limit", "100001")]
    [InlineData("--from 'now' is no time", "--from", "now")]
    [InlineData("--from is not before --to", "--from", "2026-01-02", "--to", "2026-01-01")]
    public async Task Wrong_arguments_are_refused_before_anything_is_sent(string message, params string[] arguments)
    {
        await using ScriptedServer server = await StartAsync();

        Outcome outcome = await _line.RunAsync(server, ["records", .. arguments]);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(message, outcome.Error);
        Assert.Empty(server.Exchanges);
    }

    private static async Task<ScriptedServer> StartAsync()
    {
        ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = _ => ScriptedServer.Reply(new ListRecordsResponse { Records = { SampleRecords.First, SampleRecords.OfImage } });
        return server;
    }
}
