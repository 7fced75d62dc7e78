using Google.Protobuf;
using Metering.Client.Tests;
using Metering.Contracts.V1;
using Metering.Durable;

namespace Metering.Cli.Tests;

public sealed class ExportCommandTests : IDisposable
{
    private const string Whole = "header\nrecord 1\nrecord 2\nrecord 3\n";

    private readonly CommandLine _line = new();

    public void Dispose() => _line.Dispose();

    [Fact]
    public async Task A_whole_export_is_one_file_and_nothing_beside_it()
    {
        await using ScriptedServer server = await StartAsync(piecesBeforeRefusal: 9);

        Outcome outcome = await _line.RunAsync(server, "export", "--format", "csv", "--to-file", "records.csv", "--sku", "s");

        Assert.Equal((0, ""), (outcome.ExitCode, outcome.Output));
        Assert.Equal(Whole, _line.Read("records.csv"));
        Assert.Equal(["records.csv"], Files());
        Assert.Matches("^3 records, .*/s, 0.0 MiB in records.csv.\n$", outcome.Error);
        ExportRecordsRequest request = Assert.Single(server.Exchanges).Read(ExportRecordsRequest.Parser);
        Assert.Equal((ExportRecordsRequest.Types.Format.Csv, "s", ""), (request.Format, request.Filter.SkuId, request.Cursor));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task An_export_that_was_broken_off_goes_on_where_it_was(int pieces)
    {
        await using ScriptedServer server = await StartAsync(pieces);

        Outcome broken = await _line.RunAsync(server, "export", "--format", "jsonl", "--to-file", "records.jsonl");
        string part = _line.Read("records.jsonl.part");
        Outcome whole = await _line.RunAsync(server, "export", "--format", "jsonl", "--to-file", "records.jsonl");

        Assert.Equal((3, 0), (broken.ExitCode, whole.ExitCode));
        Assert.Contains("broken off: the same command goes on from here", broken.Error);
        Assert.Equal(string.Concat(Pieces().Take(pieces).Select(piece => piece.Lines.ToStringUtf8())), part);
        Assert.Equal(Whole, _line.Read("records.jsonl"));
        Assert.Equal(["records.jsonl"], Files());
        Assert.Equal(["", pieces == 0 ? "" : $"c{pieces}"], server.Exchanges.Select(exchange => exchange.Read(ExportRecordsRequest.Parser).Cursor));
    }

    [Fact]
    public async Task What_a_killed_export_wrote_beyond_its_cursor_is_cut_off()
    {
        await using ScriptedServer server = await StartAsync(piecesBeforeRefusal: 1);
        await _line.RunAsync(server, "export", "--format", "csv", "--to-file", "records.csv");
        File.AppendAllText(Path.Combine(_line.Folder, "records.csv.part"), "record 2\nrec");

        Outcome outcome = await _line.RunAsync(server, "export", "--format", "csv", "--to-file", "records.csv");

        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("Going on after 1 record that", outcome.Error);
        Assert.Equal(Whole, _line.Read("records.csv"));
    }

    [Fact]
    public async Task An_export_killed_before_its_first_place_begins_anew()
    {
        await using ScriptedServer server = await StartAsync(piecesBeforeRefusal: 9);
        _line.Write("records.csv.part", "hea");
        Assert.Equal(0, (await _line.RunAsync(server, "export", "--format", "csv", "--to-file", "records.csv")).ExitCode);
        Assert.Equal(Whole, _line.Read("records.csv"));
    }

    [Fact]
    public async Task Other_questions_damage_and_files_that_are_there_are_named_and_left_alone()
    {
        await using ScriptedServer server = await StartAsync(piecesBeforeRefusal: 1);
        await _line.RunAsync(server, "export", "--format", "csv", "--to-file", "records.csv");

        Outcome other = await _line.RunAsync(server, "export", "--format", "csv", "--to-file", "records.csv", "--sku", "s");
        string cursor = _line.Read("records.csv.part.cursor");
        _line.Write("records.csv.part.cursor", "{}");
        Outcome damaged = await _line.RunAsync(server, "export", "--format", "csv", "--to-file", "records.csv");
        _line.Write("records.csv.part.cursor", cursor);
        _line.Write("records.csv.part", "");
        Outcome cut = await _line.RunAsync(server, "export", "--format", "csv", "--to-file", "records.csv");
        Outcome anew = await _line.RunAsync(server, "export", "--format", "csv", "--to-file", "records.csv", "--sku", "s", "--restart");
        Outcome again = await _line.RunAsync(server, "export", "--format", "csv", "--to-file", "records.csv");

        Assert.Equal([2, 2, 2, 0, 2], new[] { other, damaged, cut, anew, again }.Select(outcome => outcome.ExitCode));
        Assert.Contains("is of an export with other filters or another format", other.Error);
        Assert.Contains("records.csv.part.cursor is damaged", damaged.Error);
        Assert.Contains("is shorter than", cut.Error);
        Assert.Contains("is there already", again.Error);
        Assert.Equal(2, server.Exchanges.Count);
        Assert.Equal(Whole, _line.Read("records.csv"));
    }

    [Fact]
    public async Task To_standard_output_it_is_the_records_and_nothing_else()
    {
        await using ScriptedServer server = await StartAsync(piecesBeforeRefusal: 9);
        Assert.Equal(new Outcome(0, Whole, ""), await _line.RunAsync(server, "export", "--format", "csv"));
    }

    [Fact]
    public void The_name_of_a_whole_export_is_durable_before_the_place_where_it_could_go_on_is_forgotten()
    {
        string path = Path.Combine(_line.Folder, "records.csv");
        using ExportFile file = ExportFile.Open(path, "question", restart: false);
        Assert.Equal(DirectorySync.Flush, file.KeepNames);
        file.Add("line\n"u8, 1, "cursor");
        file.Keep();
        string[]? seen = null;
        file.KeepNames = folder =>
        {
            Assert.Equal(_line.Folder, folder);
            seen = Files();
            DirectorySync.Flush(folder);
        };
        file.Finish();
        Assert.Equal(["records.csv", "records.csv.part.cursor"], seen ?? []);
        Assert.Equal(["records.csv"], Files());
    }

    private string[] Files() => [.. Directory.EnumerateFiles(_line.Folder).Select(file => Path.GetFileName(file)).Order()];

    private static ExportRecordsResponse[] Pieces() =>
    [
        .. new[] { "header\nrecord 1\n", "record 2\n", "record 3\n" }.Select((text, index) =>
            new ExportRecordsResponse { Lines = ByteString.CopyFromUtf8(text), Records = 1, Cursor = $"c{index + 1}" }),
    ];

    // The first call is refused after so many pieces, in a way that is not tried again; later ones go on after their cursor.
    private static async Task<ScriptedServer> StartAsync(int piecesBeforeRefusal)
    {
        ScriptedServer server = await ScriptedServer.StartAsync();
        server.Script = exchange =>
        {
            string cursor = exchange.Read(ExportRecordsRequest.Parser).Cursor;
            ExportRecordsResponse[] rest = [.. Pieces().SkipWhile(_ => cursor.Length > 0).Concat(Pieces().Where(piece => cursor.Length > 0 && string.CompareOrdinal(piece.Cursor, cursor) > 0))];
            return exchange.Number == 1 && piecesBeforeRefusal < rest.Length
                ? ScriptedServer.StreamThen(ScriptedServer.FailStream(7, "no longer"), [.. rest.Take(piecesBeforeRefusal)])
                : ScriptedServer.Stream(rest);
        };
        return server;
    }
}
