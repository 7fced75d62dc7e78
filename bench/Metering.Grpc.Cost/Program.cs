using System.Net.Sockets;
using Metering.Grpc.Cost;

// Exit codes: 0 the run was completed, whatever its figures; 1 it was not.
try
{
    return new CostCommand().Create(Run, CostServer.RunAsync).Parse(args).Invoke(new() { EnableDefaultExceptionHandler = false });
}
catch (Exception fault) when (fault is CostException or IOException or SocketException or UnauthorizedAccessException)
{
    Console.Error.WriteLine(fault.Message);
    return 1;
}

static void Run(CostOptions options)
{
    IReadOnlyList<CostComparison> comparisons = new CostRun(options, TimeProvider.System, Console.Error).Execute();
    TextReport.Write(Console.Out, options, comparisons);
    if (options.JsonPath is { } path)
        JsonReport.Write(path, options, comparisons);
}
