using System.Text.Json;
using Google.Protobuf.WellKnownTypes;
using Metering.Client.Tests;
using Metering.Contracts.V1;

namespace Metering.Cli.Tests;

public sealed class CorrectionCommandTests : IDisposable
{
    private const string Record = "00000000-0000-4000-8000-000000000001";

    private static readonly Correction Sample = new()
    {
        CorrectionId = "22222222-0000-4000-8000-000000000001",
        Uuid = Record,
        Step = 1,
        ProductId = "p1",
        ProductInstanceId = "i1",
        BillingAccountId = "b1",
        SkuId = "s1",
        Unit = "gigabyte",
        Timestamp = new Timestamp { Seconds = 1_769_817_600 },
        Quantity = -12_345,
        Reason = "bytes, not kilobytes",
        Author = "ann@example.com",
        Created = new Timestamp { Seconds = 1_769_900_000 },
    };

    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public async Task The_order_carries_the_quantity_the_reason_the_author_and_a_number_of_its_own()
    {
        await using ScriptedServer server = await StartAsync();

        Outcome outcome = await _line.RunAsync(
            server, "correct", Record, "--quantity", "40", "--reason", "bytes, not kilobytes", "--author", "ann@example.com");

        Assert.Equal(0, outcome.ExitCode);
        CorrectRecordRequest asked = Assert.Single(server.Exchanges).Read(CorrectRecordRequest.Parser);
        Assert.Matches("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", asked.CorrectionId);
        Assert.Equal(
            new CorrectRecordRequest { Uuid = Record, Quantity = 40, Reason = Sample.Reason, Author = Sample.Author, CorrectionId = asked.CorrectionId }, asked);
        Assert.Equal(
            $"""
            Record {Record} of s1 is corrected by -12,345 gigabyte (step 1); it was counted with 12,385.
            Correction 22222222-0000-4000-8000-000000000001: bytes, not kilobytes (ann@example.com).

            """,
            outcome.Output);
    }

    [Fact]
    public async Task A_record_is_voided_as_a_rehearsal_by_the_author_of_the_environment()
    {
        await using ScriptedServer server = await StartAsync();
        _line.Environment["METERING_AUTHOR"] = "bob";

        Outcome outcome = await _line.RunAsync(server, "correct", Record, "--void", "--reason", "test", "--id", Sample.CorrectionId, "--dry-run", "--output", "json");

        Assert.Equal(
            new CorrectRecordRequest { Uuid = Record, Reason = "test", Author = "bob", CorrectionId = Sample.CorrectionId, DryRun = true },
            Assert.Single(server.Exchanges).Read(CorrectRecordRequest.Parser));
        using JsonDocument document = JsonDocument.Parse(outcome.Output);
        Assert.True(document.RootElement.GetProperty("dry_run").GetBoolean());
        Assert.Equal("12385", document.RootElement.GetProperty("counted_quantity").GetString());
        Assert.Equal("-12345", document.RootElement.GetProperty("correction").GetProperty("quantity").GetString());
    }

    [Theory]
    [InlineData("What should the record have been?", "--reason", "r", "--author", "a")]
    [InlineData("What should the record have been?", "--void", "--quantity", "1", "--reason", "r", "--author", "a")]
    [InlineData("Who decided it?", "--void", "--reason", "r")]
    [InlineData("Why?", "--void", "--author", "a")]
    public async Task What_is_missing_is_asked_for(string question, params string[] options)
    {
        await using ScriptedServer server = await StartAsync();

        Outcome outcome = await _line.RunAsync(server, ["correct", Record, .. options]);

        Assert.Equal(2, outcome.ExitCode);
        Assert.Contains(question, outcome.Error);
        Assert.Empty(server.Exchanges);
    }

    [Fact]
    public async Task Corrections_are_listed_with_their_reasons_as_table_csv_and_json()
    {
        await using ScriptedServer server = await StartAsync();

        Outcome table = await _line.RunAsync(server, "corrections", "--sku", "s1");
        Outcome csv = await _line.RunAsync(server, "corrections", "--output", "csv");
        Outcome json = await _line.RunAsync(server, "corrections", "--output", "json");

        Assert.Equal("s1", server.Exchanges[0].Read(ListCorrectionsRequest.Parser).Filter.SkuId);
        Assert.Equal(
            """
            record                                step  timestamp             sku  corrected by  unit      author           reason
            00000000-0000-4000-8000-000000000001     1  2026-01-31T00:00:00Z  s1        -12,345  gigabyte  ann@example.com  bytes, not kilobytes

            """,
            table.Output);
        Assert.Equal(
            "22222222-0000-4000-8000-000000000001,00000000-0000-4000-8000-000000000001,1,p1,i1,b1,s1,gigabyte,2026-01-31T00:00:00Z,-12345,"
            + "\"bytes, not kilobytes\",ann@example.com,2026-01-31T22:53:20Z",
            csv.Output.Split('\n')[1]);
        using JsonDocument document = JsonDocument.Parse(json.Output);
        Assert.Equal(Sample.Reason, Assert.Single(document.RootElement.GetProperty("corrections").EnumerateArray()).GetProperty("reason").GetString());
    }

    private static async Task<ScriptedServer> StartAsync()
    {
        ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = exchange => exchange.Path.EndsWith("CorrectRecord", StringComparison.Ordinal)
            ? ScriptedServer.Reply(new CorrectRecordResponse { Correction = Sample, Record = new AcceptedRecord { Uuid = Record, Quantity = 12_385 } })
            : ScriptedServer.Reply(new ListCorrectionsResponse { Corrections = { Sample } });
        return server;
    }
}
