using Metering.Scale;

// Exit codes: 0 the runs were made; 1 they were not.
try
{
    return await new ScaleCommand().Create(RunAsync).Parse(args).InvokeAsync(new() { EnableDefaultExceptionHandler = false });
}
catch (Exception fault) when (fault is ScaleException or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine(fault.Message);
    return 1;
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine("Interrupted: nothing was written.");
    return 1;
}

static async Task<int> RunAsync(ScaleOptions options, CancellationToken stop)
{
    StudyResult result = new Study(options.Figures, options.Seed, Console.Error).Run(options.Rates, stop);
    string tables = MarkdownReport.Of(result);
    await Console.Out.WriteLineAsync(options.IsJson ? JsonReport.Of(result) : tables);
    if (options.Document is { } document)
        ScaleCommand.Place.Put(document, tables);
    return 0;
}
