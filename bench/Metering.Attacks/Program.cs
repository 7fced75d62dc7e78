using Metering.Attacks;

// Exit codes: 0 every attack held, 1 some did not, 2 it could not be run.
try
{
    return await new AttacksCommand().Create(RunAsync, attack => AttackerProgram.RunAsync(attack, Console.In, Console.Out, TimeProvider.System))
        .Parse(args).InvokeAsync(new() { EnableDefaultExceptionHandler = false });
}
catch (Exception fault) when (fault is AttackException or IOException or UnauthorizedAccessException)
{
    Console.Error.WriteLine(fault.Message);
    return 2;
}

static async Task<int> RunAsync(AttackOptions options)
{
    IReadOnlyList<AttackResult> results = await new AttackRun(options, TimeProvider.System, Console.Error).ExecuteAsync();
    await Console.Out.WriteLineAsync(options.IsJson ? JsonReport.Of(results, options) : MarkdownTable.Of(results, options));
    if (options.Document is { } document)
        MarkdownTable.Place.Put(document, MarkdownTable.Of(results, options));
    return results.All(result => result.Holds) ? 0 : 1;
}
