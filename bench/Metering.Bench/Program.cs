using System.Runtime.InteropServices;
using Metering.Bench;
using Metering.Bench.Places;

// Exit codes: 0 the run was completed, whatever its figures; 1 it was not.
using var interrupted = new CancellationTokenSource();
void Interrupt(PosixSignalContext signal)
{
    signal.Cancel = true;
    interrupted.Cancel();
}

using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Interrupt);
using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Interrupt);
try
{
    return await new BenchCommand().Create(RunAsync, EchoServer.RunAsync).Parse(args)
        .InvokeAsync(new() { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null }, interrupted.Token);
}
catch (Exception fault) when (fault is BenchException or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine(fault.Message);
    return 1;
}
catch (OperationCanceledException) when (interrupted.IsCancellationRequested)
{
    Console.Error.WriteLine("Interrupted: nothing was written.");
    return 1;
}

static async Task<int> RunAsync(BenchOptions options, CancellationToken stop)
{
    if (options.Only is [Parts.HundredMillion])
    {
        var line = new RewrittenLine(Console.Error, !Console.IsErrorRedirected, TimeProvider.System);
        FullLedgerResult full = await new FullLedgerRun(options, TimeProvider.System, line).ExecuteAsync(stop);
        await KeepAsync(
            options, Parts.HundredMillion, FullLedgerReport.Json(full), FullLedgerReport.Chart(full), FullLedgerReport.Place, FullLedgerReport.Markdown(full), stop);
        return 0;
    }

    if (options.Only.All(Parts.AllReads.Contains))
    {
        var line = new RewrittenLine(Console.Error, !Console.IsErrorRedirected, TimeProvider.System);
        ReadsResult reads = await new ReadsRun(options, TimeProvider.System, line).ExecuteAsync(stop);
        await KeepAsync(options, Parts.Reads, ReadsReport.Json(reads), ReadsReport.Chart(reads), ReadsReport.Place, ReadsReport.Markdown(reads), stop);
        return 0;
    }

    BenchResult result = await new BenchRun(options, TimeProvider.System, Console.Error).ExecuteAsync(stop);
    await KeepAsync(options, "newest", JsonReport.Of(result), BarChart.Of(result), MarkdownReport.Place, MarkdownReport.Of(result), stop);
    return 0;
}

static async Task KeepAsync(BenchOptions options, string name, string json, string chart, MarkedPlace place, string tables, CancellationToken stop)
{
    await Console.Out.WriteLineAsync(options.IsJson ? json : tables);
    Directory.CreateDirectory(options.Results);
    await File.WriteAllTextAsync(Path.Combine(options.Results, name + ".json"), json + "\n", stop);
    await File.WriteAllTextAsync(Path.Combine(options.Results, name + ".svg"), chart, stop);
    if (options.Document is { } document)
        place.Put(document, tables);
}
