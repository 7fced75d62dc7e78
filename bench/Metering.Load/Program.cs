using System.Runtime.InteropServices;
using Metering.Load;

// Exit codes: 0 every request was answered with status OK; 1 some were not, or the load could not be run.
try
{
    return new LoadCommand().Create(Run).Parse(args).Invoke(new() { EnableDefaultExceptionHandler = false });
}
catch (LoadException fault)
{
    Console.Error.WriteLine(fault.Message);
    return 1;
}

static int Run(LoadOptions options)
{
    var run = new LoadRun(options, TimeProvider.System, progress => Console.Error.WriteLine(progress));
    void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        run.Stop();
    }

    using PosixSignalRegistration interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
    using PosixSignalRegistration terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    LoadSummary summary = run.Execute();
    if (options.Output == OutputFormat.Json)
    {
        using Stream output = Console.OpenStandardOutput();
        JsonReport.Write(output, summary);
    }
    else
    {
        TextReport.Write(Console.Out, summary);
    }

    return summary.IsClean ? 0 : 1;
}
