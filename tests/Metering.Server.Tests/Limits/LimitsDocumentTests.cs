using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using Metering.Grpc;
using Bounds = Metering.Ledger.Limits;

namespace Metering.Server.Tests;

/// <summary>
/// docs/limits.md is made from the limits themselves. To make it anew after a change, run these tests once with
/// METERING_WRITE_DOCUMENTS=1 in the environment.
/// </summary>
public class LimitsDocumentTests
{
    private const string Introduction = """
        # Limits

        Every limit of the server in one table. It is made by a test from the constants that the code enforces, in
        `src/Metering.Ledger/Limits.cs` and, for what the gRPC layer alone keeps, `src/Metering.Grpc/RpcLimits.cs`; the same test
        fails when the two differ. How limits stand to each other is in `src/Metering.Ledger/LimitRelations.cs`, checked at each
        start.

        What clients can make the server hold is bounded in all and for one address: connections, requests in flight, and the bytes
        of their messages. A message of up to 4 KiB, which a full Write of ordinary ids is, needs nothing beside its request. Behind
        a proxy all clients have the proxy's address: raise `connections-per-address`, `http2-connections-per-address` and
        `exchange-rate` there.

        | limit | value | unit | range, setting | what the client gets | proved by |
        |---|---|---|---|---|---|

        """;

    private static readonly string Document = Checkout.PathOf("docs/limits.md");

    // Numbers with the name of a limit, other than those taken from the limits.
    private static readonly Regex Bounding = new(
        @"(const (int|long|double)|static readonly TimeSpan) (?<name>\w*(Maximum|Bytes|Characters|Depth|Digits|Listed|Requests|Accounts|Tokens|Connections|Streams|PerSecond))\s*=\s*[^;L]*\d[^;L]*;",
        RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(10));

    // Why a number that looks like a limit bounds nothing that a client sends or holds.
    private static readonly Dictionary<string, string> NoLimits = new()
    {
        ["BatchBody.UuidBytes"] = "length of a uuid",
        ["CorrectionsRpc.PlaceBytes"] = "length of a place in a list",
        ["SkewExtremes.MillisecondsPerSecond"] = "of the unit",
        ["BatchBody.HeadBytes"] = "length of a batch's header",
        ["Crc32C.LaneBytes"] = "length of what is summed up at once",
        ["PackedBlock.WidthMaximum"] = "bits of a number",
        ["UsageWrite.PayloadBytes"] = "size that a buffer begins with",
        ["LedgerComparison.DifferencesListed"] = "lines of a report",
        ["ArchiveHeader.HeadBytes"] = "length of a file's header",
        ["ArchiveHeader.NameHeadBytes"] = "part of the layout of a file",
        ["ArchiveHeader.TotalBytes"] = "part of the layout of a file",
        ["ArchiveHeader.BatchHeadBytes"] = "part of the layout of a file",
        ["ArchiveFile.PartBytes"] = "length of a read",
        ["ArchiveFile.SectionBytesMaximum"] = "what no file that was written has: a header that says so is damaged",
        ["ArchiveFolder.NameHashBytes"] = "length of a part of a name",
        ["RunFile.PartBytes"] = "length of a read",
        ["AlignedMemory.LineBytes"] = "length of a cache line",
        ["UuidKeys.SecretBytes"] = "length of what is made",
        ["RunCursor.StretchBytes"] = "length of a read",
        ["RunWriter.FilterPartBytes"] = "length of a write",
        ["PacedFile.BufferBytes"] = "length of a write",
        ["PacedFile.FlushBytes"] = "length of a write",
        ["RunHeader.HeadBytes"] = "length of a file's header",
        ["RunHeader.ChunkEntriesMaximum"] = "follows from the layout of a run",
        ["Findings.DifferencesListed"] = "length of a report for the operator",
        ["PageVerification.FaultsListed"] = "length of a report for the operator",
        ["DayPart.SeriesMaximum"] = "what a row holds: the rest is in the next",
        ["OpenHours.TotalsMaximum"] = "size of a cache: beyond it, hours are read one by one",
        ["DayPart.ChecksumBytes"] = "part of the layout of a row",
        ["DayPart.HourBitsBytes"] = "part of the layout of a row",
        ["PackedNumbers.LongestBytes"] = "length of the largest number",
        ["StatementDigest.UuidBytes"] = "length of a uuid",
        ["StatementDigest.NumberBytes"] = "length of the largest number",
        ["StatementDigest.FlushBytes"] = "length from which a piece is summed up",
        ["StatementsRpc.NanosecondsPerSecond"] = "what a second has",
        ["PageToken.FingerprintBytes"] = "part of the layout of a token",
        ["DecodedBatches.RecordsMaximum"] = "what is kept for the next page, whoever asks",
        ["RecordReader.ChecksumsMaximum"] = "what is remembered, whoever asks",
        ["ReadConnections.KeptMaximum"] = "what is kept for the next reading",
        ["ReadConnection.HeadBytes"] = "length of a read",
        ["ArchiveOffsets.ArchivesMaximum"] = "what is remembered, whoever asks",
        ["FeedPlace.LedgerBytes"] = "part of the layout of a cursor",
        ["FeedPlace.ChecksumBytes"] = "part of the layout of a cursor",
        ["MomentText.NanosecondsPerSecond"] = "what a second has",
        ["MomentText.DateBytes"] = "length of a date",
        ["IdText.Bytes"] = "length of a uuid",
        ["RecordLines.QuantityBytes"] = "length of the largest number",
        ["RecordLines.SeriesKept"] = "slots of a cache",
        ["RecordLines.ValueBytes"] = "length of what a line holds beside names",
        ["RecordMessages.NanosecondsPerSecond"] = "what a second has",
        ["ExportRpc.PieceBytes"] = "length from which a piece is sent",
        ["RejectedBody.FingerprintBytes"] = "part of the layout of a row",
        ["RejectedReader.ChecksumBytes"] = "part of the layout of a row",
        ["Moments.NanosecondsPerSecond"] = "what a second has",
        ["DuplicateConflictTrailer.EntryBytes"] = "what HTTP/2 counts for each header",
        ["DuplicateConflictTrailer.OtherTrailerBytes"] = "part of the block of trailers",
        ["FrameReader.Bytes"] = "length of gRPC's prefix",
        ["ResponseMessage.CompressedFromBytes"] = "from where compressing pays",
        ["GzipMessage.FirstBufferBytes"] = "size that a buffer begins with",
        ["GzipMessage.LengthBytes"] = "length of gzip's last field",
        ["ProtobufFaultFinder.NestingMaximum"] = "fixed by the generated parsers",
        ["ProtobufFaultFinder.VarintBytesMaximum"] = "fixed by protobuf",
        ["ProtobufFaultFinder.FixedLongBytes"] = "fixed by protobuf",
        ["ProtobufFaultFinder.FixedBytes"] = "fixed by protobuf",
        ["CanonicalSignature.Bytes"] = "length of an ES256 signature",
        ["CanonicalSignature.HalfBytes"] = "half of an ES256 signature",
        ["FrameBudget.FrameHeaderBytes"] = "length of HTTP/2's frame header",
        ["TimeText.NanosecondsPerSecond"] = "what a second has",
        ["Metadata.EntryBytes"] = "what HTTP/2 counts for each header",
        ["StatusWriter.OtherHeaderBytes"] = "part of the block of trailers",
        ["TimeText.FractionDigitsMaximum"] = "fixed by RFC 3339 and protobuf",
        ["TimeText.DurationSecondsMaximum"] = "fixed by protobuf",
        ["AdminToken.RandomBytes"] = "length of what is made",
        ["EmulatorExchange.RandomBytes"] = "length of what is made",
        ["CertificateMaker.SerialBytes"] = "length of what is made",
        ["CatalogRegistry.RandomIdCharacters"] = "length of what is made",
        ["CatalogRegistry.AttemptsMaximum"] = "tries of the server itself",
        ["VerifiedTokens.HashedCharacters"] = "part of a text that is hashed",
        ["NotFound.ShownCharacters"] = "part of a path that a message repeats",
    };

    [Fact]
    public void The_document_is_made_from_the_limits()
    {
        string expected = Make();
        if (Environment.GetEnvironmentVariable("METERING_WRITE_DOCUMENTS") == "1")
            File.WriteAllText(Document, expected);
        Assert.Equal(expected, File.ReadAllText(Document));
    }

    [Fact]
    public void Every_limit_has_its_row() =>
        Assert.Equal(Fields().Select(field => field.Name).Order(), LimitRows.All.Select(row => row.Name).Order());

    [Fact]
    public void Every_proof_is_a_test_that_exists() =>
        Assert.All(LimitRows.All, row => Assert.True(NamedTest.Exists(row.Proof), row.Proof));

    [Fact]
    public void Every_relation_holds_and_could_fail()
    {
        Bounds.Check();
        foreach (Ledger.LimitRelation relation in Bounds.Relations)
        {
            Assert.True(relation.Holds(Bounds.ValueOf), relation.Sentence);
            bool canFail = typeof(Bounds).GetFields(BindingFlags.Public | BindingFlags.Static).Any(field =>
                new[] { 0, 1e15 }.Any(value => !relation.Holds(name => name == field.Name ? value : Bounds.ValueOf(name))));
            Assert.True(canFail, relation.Sentence);
        }
    }

    [Fact]
    public void A_number_that_bounds_something_is_among_the_limits()
    {
        string[] projects = ["Metering.Ledger", "Metering.Ledger.Sqlite", "Metering.Grpc", "Metering.Server"];
        List<string> strangers = [.. projects
            .SelectMany(project => Directory.GetFiles(Checkout.PathOf($"src/{project}"), "*.cs", SearchOption.AllDirectories))
            .Where(file => Path.GetFileName(file) is not ("Limits.cs" or "RpcLimits.cs"))
            .SelectMany(file => Bounding.Matches(File.ReadAllText(file)).Select(match => $"{Path.GetFileNameWithoutExtension(file)}.{match.Groups["name"].Value}"))
            .Where(name => !NoLimits.ContainsKey(name))];
        Assert.Empty(strangers); // give it a row as one of the limits, or say below why it is none
        Assert.Matches(Bounding, "private const int LinesMaximum = 7;");
    }

    private static string Make()
    {
        var text = new StringBuilder(Introduction);
        foreach (LimitRow row in LimitRows.All)
        {
            object value = Fields().Single(field => field.Name == row.Name).GetValue(null)!;
            (string number, string unit) = value is TimeSpan time ? Show(time) : (Convert.ToString(value, CultureInfo.InvariantCulture)!, row.Unit);
            text.Append($"| `{row.Name}` | {number} | {unit} | {row.Range} | {row.Answer} | `{row.Proof}` |\n");
        }

        return text.ToString();
    }

    private static IEnumerable<FieldInfo> Fields() =>
        [.. typeof(Bounds).GetFields(BindingFlags.Public | BindingFlags.Static), .. typeof(RpcLimits).GetFields(BindingFlags.Public | BindingFlags.Static)];

    private static (string Number, string Unit) Show(TimeSpan time) =>
        time.Ticks % TimeSpan.TicksPerDay == 0 ? ($"{time.TotalDays}", "d")
        : time.Ticks % TimeSpan.TicksPerHour == 0 ? ($"{time.TotalHours}", "h")
        : time.Ticks % TimeSpan.TicksPerMinute == 0 ? ($"{time.TotalMinutes}", "min")
        : ($"{time.TotalSeconds}", "s");
}
