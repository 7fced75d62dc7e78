using System.Text;
using System.Text.Json;
using Metering.Client.Tests;
using Metering.Contracts.V1;
using State = Metering.Contracts.V1.RecordLookUp.Types.State;

namespace Metering.Cli.Tests;

public sealed class LookUpCommandTests : IDisposable
{
    private const string Missing = "00000000-0000-4000-8000-0000000000ff";

    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public async Task The_table_says_what_became_of_each_and_the_exit_code_whether_all_are_counted()
    {
        await using ScriptedServer server = await StartAsync();

        Outcome some = await _line.RunAsync(server, "lookup", SampleRecords.First.Uuid, Missing);
        Outcome all = await _line.RunAsync(server, "lookup", SampleRecords.First.Uuid);

        Assert.Equal((1, 0), (some.ExitCode, all.ExitCode));
        Assert.Equal(
            """
            uuid                                  state       accepted                               quantity  unit       sku  owner  by   request                               timestamp
            00000000-0000-4000-8000-000000000001  ACCEPTED    2026-01-31T00:00:10Z  9,223,372,036,854,775,807  core*hour  s1   i1     sa1  11111111-0000-4000-8000-000000000001  2026-01-31T00:00:00.5Z
            00000000-0000-4000-8000-0000000000ff  NEVER_SEEN

            """,
            some.Output);
        Assert.Equal("1 ACCEPTED, 1 NEVER_SEEN.\n", some.Error);
        Assert.Empty(all.Error);
    }

    [Fact]
    public async Task Csv_and_json_have_every_field()
    {
        await using ScriptedServer server = await StartAsync();

        Outcome csv = await _line.RunAsync(server, "lookup", SampleRecords.First.Uuid, Missing, "--output", "csv");
        Outcome json = await _line.RunAsync(server, "lookup", SampleRecords.First.Uuid, Missing, "--output", "json");

        Assert.Equal(
            "asked,state,reason,uuid,product_id,product_instance_id,billing_account_id,sku_id,unit,quantity,timestamp,accepted,service_account_id,request_id\n"
            + $"{SampleRecords.First.Uuid},ACCEPTED,,{SampleRecords.FirstAsCsv}\n{Missing},NEVER_SEEN,,,,,,,,,,,,\n",
            csv.Output);
        using JsonDocument document = JsonDocument.Parse(json.Output);
        Assert.Equal(SampleRecords.FirstAsJson, JsonSerializer.Serialize(document.RootElement.GetProperty("records")[0].GetProperty("record")).Replace("\\u002B", "+"));
        Assert.Equal($$"""{"uuid":"{{Missing}}","state":"NEVER_SEEN"}""", JsonSerializer.Serialize(document.RootElement.GetProperty("records")[1]));
    }

    [Fact]
    public async Task What_was_rejected_says_why_and_what_came_again_differently_is_noted()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = _ => ScriptedServer.Reply(new LookUpRecordsResponse
        {
            Records =
            {
                new RecordLookUp { Uuid = "a", State = State.Rejected, Rejections = { new RejectedRecord { Reason = "EXPIRED" }, new RejectedRecord { Reason = "INVALID_ID" } } },
                new RecordLookUp
                {
                    Uuid = "b", State = State.Accepted, Record = SampleRecords.First,
                    Rejections = { new RejectedRecord { Reason = "DUPLICATE" } }, Conflicts = { new DuplicateConflict() },
                },
            },
        });

        Outcome table = await _line.RunAsync(server, "lookup", "a", "b");
        Outcome csv = await _line.RunAsync(server, "lookup", "a", "b", "--output", "csv");

        Assert.Contains("a     REJECTED EXPIRED\n", table.Output);
        Assert.Contains("b     ACCEPTED          ", table.Output);
        Assert.Equal("1 uuid came again with another content, answered DUPLICATE: --output json shows it.\n1 ACCEPTED, 1 REJECTED.\n", table.Error);
        Assert.Equal(["a,REJECTED,EXPIRED", "b,ACCEPTED,"], csv.Output.Split('\n')[1..3].Select(line => string.Join(',', line.Split(',')[..3])));
    }

    [Theory]
    [InlineData("a\n\nb\nc")]
    [InlineData("uuid\na\nb\nc\n")]
    [InlineData("sku_id, \"uuid\" ,quantity\r\ns,a,1\r\ns,\"b\",2\r\ns,c,3\r\n")]
    [InlineData("{\"uuid\":\"a\"}\n{\"other\":[1],\"uuid\":\"b\"}\n{\"uuid\":\"c\"}")]
    public async Task A_file_of_uuids_of_csv_or_of_json_lines_is_understood_by_its_first_line(string content)
    {
        await using ScriptedServer server = await StartAsync();
        _line.Write("uuids", content);
        _line.Input = Encoding.UTF8.GetBytes(content);

        Outcome file = await _line.RunAsync(server, "lookup", "--file", "uuids", "--output", "csv");
        Outcome input = await _line.RunAsync(server, "lookup", "--file", "-", "--output", "csv");

        Assert.Equal(1, file.ExitCode);
        Assert.Equal(file, input);
        Assert.All(server.Exchanges, exchange => Assert.Equal(["a", "b", "c"], exchange.Read(LookUpRecordsRequest.Parser).Uuids));
    }

    [Fact]
    public async Task A_long_list_is_shown_in_part_and_counted_in_full()
    {
        await using ScriptedServer server = await StartAsync();
        _line.Write("uuids", string.Join('\n', Enumerable.Range(0, 2_345).Select(number => $"uuid-{number}")));

        Outcome outcome = await _line.RunAsync(server, "lookup", "--file", "uuids");

        Assert.Equal(3, server.Exchanges.Count);
        Assert.Equal(201, outcome.Output.Count(character => character == '\n'));
        Assert.Equal("… and 2,145 more: --output csv shows all.\n2,345 NEVER_SEEN.\n", outcome.Error);
    }

    [Theory]
    [InlineData("uuids:2: the line has no uuid", "sku_id,uuid\ns\n")]
    [InlineData("uuids:2: the line has no uuid", "{\"uuid\":\"a\"}\n{\"uuid\":7}\n")]
    [InlineData("uuids:2: this is not JSON", "{\"uuid\":\"a\"}\n{\n")]
    [InlineData("uuids:1: '0000000000000000000000000000000000000' has 37 characters, a uuid has at most 36", "0000000000000000000000000000000000000")]
    [InlineData("Which records? Pass either", null)]
    public async Task What_is_no_list_of_uuids_is_named(string message, string? content)
    {
        await using ScriptedServer server = await StartAsync();
        if (content is not null)
            _line.Write("uuids", content);

        Outcome outcome = await _line.RunAsync(server, content is null ? ["lookup"] : ["lookup", "--file", "uuids"]);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(message, outcome.Error);
        Assert.Empty(server.Exchanges);
    }

    private static async Task<ScriptedServer> StartAsync()
    {
        ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = exchange => ScriptedServer.Reply(new LookUpRecordsResponse
        {
            Records =
            {
                exchange.Read(LookUpRecordsRequest.Parser).Uuids.Select(uuid => uuid == SampleRecords.First.Uuid
                    ? new RecordLookUp { Uuid = uuid, State = State.Accepted, Record = SampleRecords.First }
                    : new RecordLookUp { Uuid = uuid, State = State.NeverSeen }),
            },
        });
        return server;
    }
}
