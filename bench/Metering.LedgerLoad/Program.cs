using System.Diagnostics;
using System.Globalization;
using Metering.Ledger;
using Metering.Ledger.Sqlite;
using Metering.LedgerLoad;

// How the embedded store behaves as it grows, without the wire: each step is printed as one line.
// Usage: Metering.LedgerLoad LEDGER-FILE STEP...
// Steps: fill:RECORDS (fresh uuids, a line for each million), replay:RECORDS (from the first on: all duplicates),
//        restart, verify, senders:REQUESTS (under way at once from then on); recent:UUIDS and fan-in:RUNS before the first of them change the index's sizes.
// Or alone: encoding (bytes and nanoseconds a record of the versions of a batch, without a ledger).
if (args is ["encoding"])
{
    EncodingCost.Run();
    return 0;
}

if (args.Length < 2)
{
    Console.Error.WriteLine("Usage: Metering.LedgerLoad LEDGER-FILE [recent:UUIDS] [fan-in:RUNS] [senders:REQUESTS] fill:RECORDS|replay:RECORDS|restart|verify ... (or: encoding)");
    return 64;
}

var options = new SqliteStoreOptions(args[0]);
SqliteStore? store = null;
SqliteStore Opened() => store ??= SqliteStore.Open(options, TimeProvider.System);

foreach (string step in args[1..])
{
    string[] parts = step.Split(':');
    long number = parts.Length == 2 ? long.Parse(parts[1], CultureInfo.InvariantCulture) : 0;
    switch (parts[0])
    {
        case "recent":
            options = options with { IndexRecentUuids = (int)number };
            break;
        case "fan-in":
            options = options with { IndexFanIn = (int)number };
            break;
        case "senders":
            Load.Senders = (int)number;
            break;
        case "fill":
            long first = Opened().Opening.Records;
            for (long done = 0; done < number; done += Load.SliceRecords)
                await Load.RunAsync(Opened(), first + done, Math.Min(Load.SliceRecords, number - done), Verdict.Accepted);
            await RestartAsync(); // counts what is there, for the next step
            break;
        case "replay":
            await Load.RunAsync(Opened(), 0, number, Verdict.Duplicate);
            break;
        case "restart":
            await RestartAsync();
            break;
        case "verify":
            long startedAt = Stopwatch.GetTimestamp();
            LedgerVerification verification = await Opened().Ledger.VerifyAsync(CancellationToken.None);
            Console.WriteLine($"verified {verification.Records} records in {Stopwatch.GetElapsedTime(startedAt).TotalSeconds:F1} s: {verification.Differences.Count} differences, "
                + $"resident {Environment.WorkingSet / 1048576} MiB");
            foreach (string difference in verification.Differences.Take(5))
                Console.WriteLine(difference);
            break;
        default:
            Console.Error.WriteLine($"There is no step \"{step}\".");
            return 64;
    }
}

if (store is not null)
    await store.DisposeAsync();
return 0;

async Task RestartAsync()
{
    if (store is not null)
        await store.DisposeAsync();
    store = null;
    StoreOpening opening = Opened().Opening;
    long ledgerBytes = new FileInfo(args[0]).Length, indexBytes = store!.IndexFigures.DiskBytes;
    Console.WriteLine(
        $"restart with {opening.Records} records took {opening.Elapsed.TotalSeconds:F2} s; ledger {ledgerBytes / (double)opening.Records:F1} B/record, "
        + $"index {indexBytes / (double)Math.Max(1, store.IndexFigures.SealedUuids):F1} B/sealed record, resident {Environment.WorkingSet / 1048576} MiB");
}
