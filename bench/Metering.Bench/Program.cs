using System.Runtime.InteropServices;
using Metering.Bench;

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
    BenchResult result = await new BenchRun(options, TimeProvider.System, Console.Error).ExecuteAsync(stop);
    string json = JsonReport.Of(result);
    await Console.Out.WriteLineAsync(options.IsJson ? json : MarkdownReport.Of(result));
    Directory.CreateDirectory(options.Results);
    await File.WriteAllTextAsync(Path.Combine(options.Results, "newest.json"), json + "\n", stop);
    await File.WriteAllTextAsync(Path.Combine(options.Results, "newest.svg"), BarChart.Of(result), stop);
    if (options.Document is { } document)
        MarkdownReport.Place.Put(document, MarkdownReport.Of(result));
    return 0;
}
