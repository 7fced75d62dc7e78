using System.Buffers.Binary;
using System.Net;
using System.Text.Json;
using Metering.Cli;
using Metering.Server;

namespace Metering.Ledger.Sqlite.Tests;

/// <summary><c>metering verify</c> over a ledger that is really damaged, with a server that goes on meanwhile and without any.</summary>
public sealed class VerifyCommandTests(VerifyCommandTests.SoundLedger sound) : IClassFixture<VerifyCommandTests.SoundLedger>
{
    private const long Owner = TestLedger.Owner;
    private const string LastButTwo = "number = (SELECT max(number) - 2 FROM batch)";

    // Of the ledger of SoundLedger: which place is damaged, how, and what the report must say of it.
    private static readonly Dictionary<string, (Action<string> Damage, string Said)> Damages = new()
    {
        ["a bit of a record in the file"] = (ledger => Flip(ledger, PlaceOf(ledger, new RecordSpec(390).Uuid)), "is damaged: its checksum is"),
        ["a bit of a batch"] = (
            ledger => Edit(ledger, $"UPDATE batch SET body = CAST(substr(body, 1, 40) || x'A5' || substr(body, 42) AS BLOB) WHERE {LastButTwo}"),
            "is damaged: its checksum is"),
        ["a batch that is gone"] = (ledger => Edit(ledger, $"DELETE FROM batch WHERE {LastButTwo}"), "is damaged: it is missing: the next is batch"),
        ["a batch that promises more"] = (ledger => Edit(ledger, $"UPDATE batch SET records = records + 1 WHERE {LastButTwo}"), "is damaged: "),
        ["a run of the index"] = (ledger => Flip(IndexFiles.Of(ledger)[^1], RunHeader.Bytes + 5), ".run is damaged: the checksum of chunk 0 does not fit"),
        ["a run of the index made up"] = (Rewrite, "it holds other uuids than the batches, or with other batches."),
        ["an archive"] = (ledger => Flip(Archive(ledger), 1_500), ".archive is damaged: "),
        ["an archive cut off"] = (ledger => Cut(Archive(ledger)), ".archive is damaged: it has "),
        ["the totals of an archive"] = (ledger => Edit(ledger, "UPDATE archived_total SET records = records + 1 WHERE archive = 1"), "The archive 000000000001-"),
        ["a total"] = (
            ledger => Edit(ledger, "UPDATE hour_total SET quantity = x'00000000000000000000000000000001'"),
            $"The total of owner {Owner}, SKU 3, hour 492324 (2026-03-01 12:00Z) is 1 in 100 records, but the records give 5050 in 100."),
        ["a total that is gone"] = (
            ledger => Edit(ledger, "DELETE FROM hour_total WHERE hour = (SELECT max(hour) FROM hour_total)"), "is 0 in 0 records, but the records give"),
        ["a total of a day"] = (
            ledger => Edit(ledger, "UPDATE day_total SET sums = CAST(substr(sums, 1, 3) || x'00' || substr(sums, 5) AS BLOB)"),
            "The roll-up of the day 2026-03-01 (UTC) is damaged: its checksum is another"),
        ["a rejected record"] = (
            ledger => Edit(ledger, "UPDATE rejected_batch SET body = CAST(substr(body, 1, 20) || x'ff' || substr(body, 22) AS BLOB)"),
            "The rejected records of row 1 are damaged: their checksum is"),
        ["a rejected record that is gone"] = (ledger => Edit(ledger, "DELETE FROM rejected_batch"), "The count of rejected records is 1 in"),
        ["a count of rejections"] = (
            ledger => Edit(ledger, "UPDATE hour_rejection SET owner = owner + 1"), $"The count of rejections of owner {Owner}, reason InvalidSkuId, hour"),
    };

    public static TheoryData<string, bool> Cases => [.. Damages.Keys.SelectMany(damage => new[] { (damage, false), (damage, true) })];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Damage_is_named_and_the_exit_code_is_1(string damage, bool isServed)
    {
        using LedgerCopy ledger = sound.Copy();
        (Action<string> damages, string said) = Damages[damage];
        await using MeteringServer? server = isServed ? await ledger.ServeAsync() : null;
        damages(ledger.Path);

        (int code, string output, string error) = await ledger.VerifyAsync(server);
        Assert.True(code == 1 && error.Contains(said, StringComparison.Ordinal), $"{code}: {error}");
        Assert.Contains("is not sound", output);
        (code, output, _) = await ledger.VerifyAsync(server, "--output", "json");
        JsonElement report = JsonElement.Parse(output);
        Assert.Equal((1, false), (code, report.GetProperty("sound").GetBoolean()));
        Assert.Contains(report.GetProperty("differences").EnumerateArray(), difference => difference.GetString()!.Contains(said, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_ledger_without_damage_is_sound_also_when_an_archive_is_elsewhere(bool isServed)
    {
        using LedgerCopy ledger = sound.Copy();
        await using MeteringServer? server = isServed ? await ledger.ServeAsync() : null;
        (int code, string output, string error) = await ledger.VerifyAsync(server);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains($" is sound: {SoundLedger.Records} records read", output);
        File.Move(Archive(ledger.Path), ledger.Path + ".away");
        (code, _, error) = await ledger.VerifyAsync(server);
        Assert.Equal(0, code);
        Assert.Contains(".archive is not there", error);
    }

    [Fact]
    public async Task Without_an_address_a_directory_that_a_server_holds_is_left_to_it()
    {
        using LedgerCopy ledger = sound.Copy();
        await using MeteringServer server = await ledger.ServeAsync();
        (int code, string output, string error) = await ledger.VerifyAsync(null);
        Assert.Equal((4, ""), (code, output));
        Assert.Contains($"{ledger.Path} is in use by a running server. Ask that server to verify it, with --address", error);
    }

    private static string Archive(string ledger) => Directory.EnumerateFiles(ArchiveFiles.FolderOf(ledger)).Order(StringComparer.Ordinal).First();

    private static long PlaceOf(string ledger, UInt128 uuid)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, uuid);
        int place = File.ReadAllBytes(ledger).AsSpan().IndexOf(bytes);
        Assert.True(place > 0);
        return place;
    }

    private static void Edit(string ledger, string sql)
    {
        using Database database = Database.OpenForWriting(ledger);
        database.Execute("PRAGMA busy_timeout = 10000");
        database.Execute(sql);
    }

    private static void Flip(string file, long place)
    {
        using FileStream stream = File.Open(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        stream.Position = place;
        int value = stream.ReadByte();
        stream.Position = place;
        stream.WriteByte((byte)(value ^ 0x10));
    }

    private static void Cut(string file)
    {
        using FileStream stream = File.Open(file, FileMode.Open);
        stream.SetLength(stream.Length - 1);
    }

    // A run that is whole, with every checksum, and has one uuid in another batch: in place, as a server has it open.
    private static void Rewrite(string ledger)
    {
        string file = IndexFiles.Of(ledger)[^1];
        Run run = RunFile.Open(file);
        var entries = new List<IndexEntry>();
        var cursor = new RunCursor(run);
        while (cursor.Next(out IndexEntry entry))
            entries.Add(entry);
        run.Release();
        long first = run.Header.FirstBatch;
        entries[3] = entries[3] with { Batch = entries[3].Batch == first ? first + 1 : first };
        string aside = ledger + ".aside";
        using (RunWriter writer = new RunFolder(aside, run.Header.Ledger).Write(run.Header))
        {
            entries.ForEach(writer.Add);
            writer.Finish(null).Release();
        }

        byte[] made = File.ReadAllBytes(IndexFiles.Of(aside)[0]);
        using FileStream stream = File.Open(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        stream.Write(made);
    }

    /// <summary>Four hours of a hundred records, two of them archived, a day rolled up, a rejected record, an index with runs.</summary>
    public sealed class SoundLedger : IAsyncLifetime
    {
        public const int Records = 400;

        // Few enough runs that no server merges them while they are damaged.
        private readonly TestStore _store = new(options => ArchiveFiles.Small(options) with { IndexRecentUuids = 150, IndexFanIn = 64 });

        public async ValueTask InitializeAsync()
        {
            await ArchiveFiles.FillAsync(_store, 4);
            await _store.Ledger.WriteAsync(RejectedSpec.Request(_store, [new(RejectedSpec.UuidOf(5_000))]));
            await IndexFiles.WaitAsync(_store, figures => figures.SealedUuids >= 300);
            await ArchiveFiles.ArchiveAsync(_store.Store, _store, hoursAgo: 2);
            _store.Time.Advance(TimeSpan.FromDays(2));
            await _store.Store.RollUpAsync(TestStore.Stop);
            await _store.CloseAsync();
        }

        public ValueTask DisposeAsync() => _store.DisposeAsync();

        internal LedgerCopy Copy() => new(_store);
    }

    /// <summary>The ledger in a directory of its own, to be damaged.</summary>
    internal sealed class LedgerCopy : IDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("metering-verify-").FullName;
        private readonly TimeProvider _time;

        public LedgerCopy(TestStore store)
        {
            Path = ArchiveFiles.Copy(store.Path, _folder);
            _time = store.Time;
        }

        public string Path { get; }

        // At the ledger's own time: at today's, the rejected record would be old enough to be dropped.
        public Task<MeteringServer> ServeAsync() => Server.Program.StartAsync(
            new ServerOptions { Data = _folder, ListenHttp = null, ListenGrpc = new IPEndPoint(IPAddress.Loopback, 0), ListenHttps = null },
            _time, TestStore.Stop);

        public async Task<(int ExitCode, string Output, string Error)> VerifyAsync(MeteringServer? server, params string[] more)
        {
            using StringWriter output = new(), error = new();
            var terminal = new Terminal
            {
                Output = output, Error = error, OpenInput = () => Stream.Null, Environment = _ => null, Folder = _folder, Time = TimeProvider.System,
            };
            string[] address = server is null ? [] : ["--address", $"http://{server.Facts.Listening.Grpc}"];
            int exitCode = await Cli.Program.RunAsync(["verify", "--data", _folder, .. address, .. more], terminal, TestStore.Stop);
            return (exitCode, output.ToString(), error.ToString());
        }

        public void Dispose() => Directory.Delete(_folder, recursive: true);
    }
}
