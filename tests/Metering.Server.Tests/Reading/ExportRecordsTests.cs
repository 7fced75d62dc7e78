using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Metering.Contracts.V1;
using Metering.Ledger;
using Format = Metering.Contracts.V1.ExportRecordsRequest.Types.Format;

namespace Metering.Server.Tests;

/// <summary>Records as lines of a file: exact, complete, and gone on with at any piece's end.</summary>
public class ExportRecordsTests
{
    private const string Header = "uuid,product_id,product_instance_id,billing_account_id,sku_id,unit,quantity,timestamp,accepted,service_account_id,request_id";

    [Theory]
    [InlineData(null)]
    [InlineData(RecordHistory.Publisher)]
    [InlineData(RecordHistory.Customer)]
    [InlineData(RecordHistory.Rival)]
    public async Task Csv_and_json_lines_say_what_was_written(string? caller)
    {
        await using RecordHistory history = await RecordHistory.StartAsync(requests: 30);
        List<ExportRecordsResponse> pieces = await ExportAsync(history, new ExportRecordsRequest { Format = Format.Csv }, caller);
        string[] lines = Text(pieces).Split('\n');
        Assert.Equal((Header, ""), (lines[0], lines[^1]));
        Assert.Equal(history.SeenBy(caller).Select(record => record.Line), lines[1..^1].Select(line => string.Join(' ', Fields(line)[..10])));
        Assert.All(lines[1..^1], line => Assert.True(RecordUuid.TryParse(Encoding.UTF8.GetBytes(Fields(line)[10]), out _)));
        Assert.Equal(lines.Length - 2, pieces.Sum(piece => piece.Records));

        string[] objects = Text(await ExportAsync(history, new ExportRecordsRequest { Format = Format.Jsonl }, caller)).Split('\n');
        Assert.Equal(
            lines[1..^1].Select(Fields),
            objects[..^1].Select(line => JsonNode.Parse(line)!.AsObject().Select(member => (string)member.Value!).ToArray()));
        Assert.All(objects[..^1], line => Assert.Equal(Header.Split(','), JsonNode.Parse(line)!.AsObject().Select(member => member.Key)));
    }

    [Fact]
    public void Uuids_are_written_as_they_are_everywhere_else()
    {
        var random = new Random(11);
        Span<byte> bytes = stackalloc byte[16], text = stackalloc byte[IdText.Bytes];
        for (int again = 0; again < 1000; again++)
        {
            random.NextBytes(bytes);
            UInt128 uuid = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
            IdText.Write(uuid, text);
            Assert.Equal(RecordUuid.Format(uuid), Encoding.UTF8.GetString(text));
        }
    }

    [Fact]
    public async Task An_export_goes_on_after_any_piece_and_is_then_the_same_file()
    {
        await using RecordHistory history = await RecordHistory.StartAsync(requests: 0);
        await history.WriteAsync(requests: 120, recordsMaximum: 25);
        foreach (RecordFilter? filter in new[] { null, new RecordFilter { ProductId = "acme-database" } })
        {
            var request = new ExportRecordsRequest { Format = Format.Csv, Filter = filter };
            List<ExportRecordsResponse> pieces = await ExportAsync(history, request);
            Assert.InRange(pieces.Count, 2, 20);
            Assert.All(pieces, piece => Assert.InRange(piece.Lines.Length, 1, 256 * 1024));
            for (int after = 0; after < pieces.Count; after++)
            {
                request.Cursor = pieces[after].Cursor;
                Assert.Equal(Text(pieces), Text([.. pieces[..(after + 1)], .. await ExportAsync(history, request)]));
            }
        }
    }

    [Fact]
    public async Task An_export_of_nothing_is_a_header_and_a_place()
    {
        await using RecordHistory history = await RecordHistory.StartAsync(requests: 0);
        ExportRecordsResponse piece = Assert.Single(await ExportAsync(history, new ExportRecordsRequest { Format = Format.Csv }));
        Assert.Equal((Header + "\n", 0, ""), (piece.Lines.ToStringUtf8(), piece.Records, piece.Cursor));
        Assert.Empty(Assert.Single(await ExportAsync(history, new ExportRecordsRequest { Format = Format.Jsonl })).Lines);
    }

    [Fact]
    public async Task Every_fault_of_an_export_is_named()
    {
        await using RecordHistory history = await RecordHistory.StartAsync(requests: 1);
        (ExportRecordsRequest, string)[] faulty =
        [
            (new(), "format"), (new() { Format = (Format)7 }, "format"), (new() { Format = Format.Csv, Cursor = "?" }, "cursor"),
            (new() { Format = Format.Csv, Cursor = "AAAA" }, "cursor"),
        ];
        foreach ((ExportRecordsRequest request, string field) in faulty)
        {
            await using RpcStream<ExportRecordsResponse> export = await RpcStream<ExportRecordsResponse>.OpenAsync(
                history.Server, "ExportRecords", request, history.Server.AdminToken);
            Assert.Null(await export.NextAsync());
            Assert.Equal(3, export.Status);
            Assert.StartsWith(field, export.Message);
        }
    }

    [Fact]
    public void Moments_are_written_to_the_nanosecond()
    {
        var text = new MomentText();
        byte[] target = new byte[MomentText.BytesAtMost];
        var random = new Random(1);
        long[] edges = [0, -1, 1, 999_999_999, -999_999_999, 86_400_000_000_000, -86_400_000_000_001, long.MaxValue, long.MinValue, 1_772_368_200_120_000_000];
        foreach (long moment in edges.Concat(Enumerable.Range(0, 2000).Select(round => random.NextInt64(long.MinValue, long.MaxValue) / (round % 3 == 0 ? 1_000_000 : 1))))
        {
            long day = Math.DivRem(moment, 86_400_000_000_000, out long rest);
            (day, rest) = rest < 0 ? (day - 1, rest + 86_400_000_000_000) : (day, rest);
            string seconds = DateTime.UnixEpoch.AddDays(day).AddSeconds(rest / 1_000_000_000).ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);
            string digits = (rest % 1_000_000_000).ToString("D9", CultureInfo.InvariantCulture);
            string fraction = digits == "000000000" ? "" : "." + (digits.EndsWith("000000") ? digits[..3] : digits.EndsWith("000") ? digits[..6] : digits);
            Assert.Equal($"{seconds}{fraction}Z", Encoding.UTF8.GetString(target, 0, text.Write(moment, target)));
        }
    }

    [Fact]
    public void Names_that_could_be_taken_for_structure_are_quoted()
    {
        var series = new RecordSeries("a,b", "say \"hi\"", "line\nbreak", "carriage\rreturn", "plain ü");
        Assert.Equal(",\"a,b\",\"say \"\"hi\"\"\",\"line\nbreak\",\"carriage\rreturn\",plain ü,", Encoding.UTF8.GetString(LineForm.Csv.Names(series)));
        JsonNode json = JsonNode.Parse("{\"" + Encoding.UTF8.GetString(LineForm.Json.Names(series))[3..] + "1\"}")!;
        Assert.Equal(("a,b", "say \"hi\"", "line\nbreak", "carriage\rreturn", "plain ü"),
            ((string)json["product_id"]!, (string)json["product_instance_id"]!, (string)json["billing_account_id"]!, (string)json["sku_id"]!, (string)json["unit"]!));
    }

    private static async Task<List<ExportRecordsResponse>> ExportAsync(RecordHistory history, ExportRecordsRequest request, string? caller = null)
    {
        await using RpcStream<ExportRecordsResponse> export = await RpcStream<ExportRecordsResponse>.OpenAsync(
            history.Server, "ExportRecords", request, await history.TokenAsync(caller));
        return await export.RestAsync();
    }

    private static string Text(IEnumerable<ExportRecordsResponse> pieces) => string.Concat(pieces.Select(piece => piece.Lines.ToStringUtf8()));

    // A plain reader of RFC 4180; no field of these tests holds a line break.
    private static string[] Fields(string line)
    {
        var fields = new List<string>();
        var field = new StringBuilder();
        bool isQuoted = false;
        for (int place = 0; place < line.Length; place++)
        {
            char character = line[place];
            if (character == '"' && isQuoted && place + 1 < line.Length && line[place + 1] == '"')
                field.Append(line[++place]);
            else if (character == '"')
                isQuoted = !isQuoted;
            else if (character == ',' && !isQuoted)
                Take();
            else
                field.Append(character);
        }

        Take();
        return [.. fields];

        void Take()
        {
            fields.Add(field.ToString());
            field.Clear();
        }
    }
}
