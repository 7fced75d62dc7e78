using System.Globalization;
using Google.Protobuf.WellKnownTypes;
using Metering.Ledger;
using Yandex.Cloud.Marketplace.Metering.V1;
using UsageRecord = Yandex.Cloud.Marketplace.Metering.V1.UsageRecord;

namespace Metering.EndToEnd.Tests;

/// <summary>
/// kill -9 under load, round after round on one data directory: every acknowledged record is there, once.
/// <c>METERING_KILLS=50 ./test.sh Metering.EndToEnd.Tests</c> is the long form; METERING_SEED repeats a run's moments.
/// The figures of the last run are in artifacts/test-logs/kills.txt.
/// </summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private const string Write = "/yandex.cloud.marketplace.metering.v1.ProductUsageService/Write";
    private const int RecordsPerWrite = 25;
    private const int ReplayedPerRound = 20 * RecordsPerWrite;

    private static readonly string Figures = Checkout.PathOf("artifacts/test-logs/kills.txt");
    private static readonly int Rounds = Number("METERING_KILLS", 3);
    private static readonly int Seed = Number("METERING_SEED", 20_260_101);

    [Fact]
    public async Task Killed_under_load_it_loses_nothing_that_it_acknowledged_and_counts_nothing_twice()
    {
        using var folder = new TemporaryDirectory();
        string ledger = Path.Combine(folder["data"], "ledger.db");
        await PrepareAsync(folder);
        var random = new Random(Seed);
        var acknowledged = new List<UInt128>();
        long walFound = 0;
        Directory.CreateDirectory(Path.GetDirectoryName(Figures)!);
        File.Delete(Figures);
        Tell($"{Rounds} rounds, seed {Seed}");
        for (int round = 1; round <= Rounds; round++)
        {
            TimeSpan delay = TimeSpan.FromMilliseconds(random.Next(300, 1500));
            LoadEnd load = await KillUnderLoadAsync(folder, delay);
            walFound += new FileInfo(ledger + "-wal") is { Exists: true, Length: > 0 } ? 1 : 0;
            acknowledged.AddRange(load.Acknowledged);
            Assert.True(load.Verdicts("DUPLICATE") > 0, load.Summary.ToString());
            Assert.True(load.Summary.GetProperty("lostConnections").GetArrayLength() > 0, load.Summary.ToString());

            // What a client would do now: send again what it was told is counted, and what it does not know of.
            await using (MeteringProcess server = await MeteringProcess.StartAsync(folder["data"]))
            {
                await ReplayAsync(server, folder["token"], Sample(load.Acknowledged, random));
                Assert.Equal(0, await server.StopAsync());
            }

            LedgerCheck check = await LedgerCheck.RunAsync(ledger, acknowledged);
            Tell($"round {round}: killed after {delay.TotalMilliseconds:0} ms, {acknowledged.Count} acknowledged so far; {check}");
            Assert.True(check.IsSound, $"Round {round}, seed {Seed}: {check}");
        }

        Assert.True(walFound > 0, "Not one kill left a write-ahead log: nothing was interrupted.");
        await using MeteringProcess last = await MeteringProcess.StartAsync(folder["data"]);
        await ReplayAsync(last, folder["token"], Sample([.. acknowledged], random));
    }

    [Fact]
    public async Task The_check_sees_a_lost_record_an_edited_total_and_a_record_counted_twice()
    {
        using var folder = new TemporaryDirectory();
        string ledger = Path.Combine(folder["data"], "ledger.db");
        await PrepareAsync(folder);
        UInt128[] acknowledged = (await KillUnderLoadAsync(folder, TimeSpan.Zero)).Acknowledged;
        LedgerCheck sound = await LedgerCheck.RunAsync(ledger, acknowledged);
        Assert.True(sound.IsSound && sound.Records >= acknowledged.Length, sound.ToString());

        LedgerCheck lost = await LedgerCheck.RunAsync(ledger, acknowledged.Append((UInt128)42));
        Assert.Equal([(UInt128)42], lost.Lost);
        Assert.Equal(1, (await LedgerCheck.RunAsync(ledger, acknowledged.Append(acknowledged[0]))).AcknowledgedTwice);

        SqliteFile.Execute(ledger, "UPDATE hour_total SET quantity = randomblob(16), records = records + 1");
        LedgerCheck edited = await LedgerCheck.RunAsync(ledger, acknowledged);
        Assert.True(edited.Differences.Count >= 2 && edited.Lost.Count == 0, edited.ToString());

        SqliteFile.Execute(ledger, "DELETE FROM batch WHERE number = 1");
        Assert.NotEmpty((await LedgerCheck.RunAsync(ledger, acknowledged)).Lost);
    }

    private static async Task PrepareAsync(TemporaryDirectory folder)
    {
        await using MeteringProcess server = await MeteringProcess.StartAsync(folder["data"], "--catalog", SampleMarketplace.Catalog);
        await SampleMarketplace.CreateKeyAsync(server, SampleMarketplace.Publisher, folder["key.json"]);
        await File.WriteAllTextAsync(folder["token"], await SampleMarketplace.CreateTokenAsync(server, folder["key.json"]));
        Assert.Equal(0, await server.StopAsync());
    }

    private static async Task<LoadEnd> KillUnderLoadAsync(TemporaryDirectory folder, TimeSpan delay)
    {
        await using MeteringProcess server = await MeteringProcess.StartAsync(folder["data"]);
        using LoadProcess load = LoadProcess.Start(server, folder["token"], folder["acknowledged"]);
        await load.WaitForAcknowledgementsAsync();
        await Task.Delay(delay);
        await server.KillAsync();
        return await load.EndAsync();
    }

    private static UInt128[] Sample(UInt128[] uuids, Random random) =>
        [.. random.GetItems(uuids, Math.Min(uuids.Length, ReplayedPerRound - 2)), uuids[0], uuids[^1]];

    // A record that is counted answers DUPLICATE, whatever else the record says now.
    private static async Task ReplayAsync(MeteringProcess server, string tokenFile, IEnumerable<UInt128> uuids)
    {
        using var client = new PlainClient($"http://{server.Grpc}");
        string token = await File.ReadAllTextAsync(tokenFile);
        Timestamp now = Timestamp.FromDateTimeOffset(TimeProvider.System.GetUtcNow());
        foreach (UInt128[] part in uuids.Chunk(RecordsPerWrite))
        {
            var request = new WriteUsageRequest { ProductInstanceId = SampleMarketplace.Instance };
            request.UsageRecords.AddRange(part.Select(uuid => new UsageRecord
            {
                Uuid = RecordUuid.Format(uuid), SkuId = SampleMarketplace.Sku, Quantity = 1, Timestamp = now,
            }));
            WriteUsageResponse answer = (await client.CallAsync(Write, request, ("authorization", $"Bearer {token}"))).Read<WriteUsageResponse>();
            Assert.Empty(answer.Accepted);
            Assert.Equal(part.Length, answer.Rejected.Count);
            Assert.All(answer.Rejected, record => Assert.Equal(RejectedUsageRecord.Types.Reason.Duplicate, record.Reason));
        }
    }

    private void Tell(string line)
    {
        output.WriteLine(line);
        File.AppendAllText(Figures, line + "\n");
    }

    private static int Number(string variable, int otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
