using Metering.Ledger.Sqlite;

namespace Metering.Bench;

/// <summary>Measures what reading takes of an embedded store, and what it costs those who write.</summary>
/// <param name="options">How the run is made.</param>
/// <param name="time">The clock.</param>
/// <param name="line">Where it is shown how far it is.</param>
internal sealed class ReadsRun(BenchOptions options, TimeProvider time, RewrittenLine line)
{
    private const int RecordSeries = 100, ShortRecordSeries = 20;

    /// <summary>Runs to the end; leaves no process and no file behind.</summary>
    /// <exception cref="BenchException">Something failed; the message says what.</exception>
    public async Task<ReadsResult> ExecuteAsync(CancellationToken stop)
    {
        Machine machine = Machine.Here(options.Data);
        DateTimeOffset started = time.GetUtcNow();
        var theft = new ProcessorTheft();
        using var folder = new WorkFolder(options.Data);
        var figures = new ReadsFigures();
        if (options.Choose(Parts.ReadsRecords, Parts.ReadsBeside).Count > 0)
        {
            var month = MonthOfUsage.OfRecords(options.IsShort ? ShortRecordSeries : RecordSeries, options.RecordsInLedger);
            string data = await FillAsync(month, folder, stop);
            if (options.Only.Contains(Parts.ReadsRecords))
                figures = figures with { Records = await new RecordsRun(options, month, data, folder.Make("exported"), line, time).ExecuteAsync(stop) };
            if (options.Only.Contains(Parts.ReadsBeside))
                figures = figures with { Beside = await new BesideRun(options, month, data, line, time).ExecuteAsync(stop) };
            Directory.Delete(data, recursive: true);
        }

        if (options.Only.Contains(Parts.ReadsTotals))
        {
            var month = new MonthOfUsage(options.Series, HourRecords: 1);
            string data = await FillAsync(month, folder, stop);
            figures = figures with { Totals = await new TotalsRun(options, month, data, line, time).ExecuteAsync(stop) };
        }

        return new ReadsResult(options, machine, started, figures with { StolenShare = theft.Share });
    }

    private async Task<string> FillAsync(MonthOfUsage month, WorkFolder folder, CancellationToken stop)
    {
        string data = folder.Make("reads");
        long startedAt = time.GetTimestamp();
        await using SqliteStore store = SqliteStore.Open(new SqliteStoreOptions(Path.Combine(data, BenchServer.LedgerFile)), time);
        await month.FillAsync(store, time, stop);
        line.Say($"A ledger of {month.Records:N0} records of {month.Series:N0} series, made in {time.GetElapsedTime(startedAt).TotalSeconds:N1} s.");
        return data;
    }
}
