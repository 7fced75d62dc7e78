using System.CommandLine;
using Metering.Client;
using Yandex.Cloud.Marketplace.Metering.V1;

namespace Metering.Cli;

/// <summary><c>metering write</c>: sends usage records and shows the verdict on each.</summary>
internal sealed class WriteCommand
{
    private const string Examples =
        """
        metering write --instance INSTANCE --key key.json --sku SKU --quantity 3
        metering write --instance INSTANCE --key key.json --file usage.csv --dry-run
        producer | metering write --product PRODUCT --key key.json --file - --format jsonl --output jsonl

        A CSV file starts with a header: uuid,sku_id,quantity,timestamp. A line of JSON is {"sku_id": "ID", "quantity": 1}.
        uuid and timestamp may be left out: a new uuid, and now. A file whose records have uuids can be written again
        after any failure and is counted once; without uuids, writing it again counts it again.
        Exit code 1: a record was rejected. 2: the input cannot be read. 3: a request failed.
        """;

    private readonly Terminal _terminal;
    private readonly CommandWithExamples _command = new("write", "Writes usage records and shows the verdict on each.", Examples);
    private readonly Option<string?> _instance =
        new("--instance") { HelpName = "ID", Description = "Product instance that consumed (the publisher calls)" };
    private readonly Option<string?> _product =
        new("--product") { HelpName = "ID", Description = "Image product that was used (the customer calls)" };
    private readonly Option<string?> _file =
        new("--file", "-f") { HelpName = "FILE", Description = "Records in CSV or JSON lines, any number; - for standard input" };
    private readonly Option<string?> _format =
        new("--format") { HelpName = "csv|jsonl", Description = "Format of the file [default: by its extension .csv, .jsonl, .ndjson]" };
    private readonly Option<string?> _sku = new("--sku") { HelpName = "ID", Description = "SKU of a single record" };
    private readonly Option<string?> _quantity = new("--quantity") { HelpName = "N", Description = "Amount of a single record" };
    private readonly Option<string?> _uuid =
        new("--uuid") { HelpName = "UUID", Description = "Uuid of a single record [default: a new one]" };
    private readonly Option<string?> _timestamp =
        new("--timestamp") { HelpName = "TIME", Description = "Time of a single record, RFC 3339 [default: now]" };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Only the verdicts: nothing is recorded" };
    private readonly Option<bool> _skipInvalid =
        new("--skip-invalid") { Description = "Report lines that are no records and go on [default: stop there]" };
    private readonly Option<bool> _verbose = new("--verbose", "-v") { Description = "Show every record, not only the rejected ones" };
    private readonly Option<string> _output = new("--output", "-o")
    {
        HelpName = "table|json|jsonl",
        Description = "json: one document at the end; jsonl: a line a record, as verdicts come",
        DefaultValueFactory = _ => "table",
    };

    private readonly ConnectionOptions _connection;

    private WriteCommand(Terminal terminal)
    {
        _terminal = terminal;
        _format.AcceptOnlyFromAmong("csv", "jsonl");
        _output.AcceptOnlyFromAmong("table", "json", "jsonl");
        foreach (Option option in new Option[]
        {
            _instance, _product, _file, _format, _sku, _quantity, _uuid, _timestamp, _dryRun, _skipInvalid, _verbose, _output,
        })
            _command.Add(option);
        _connection = new ConnectionOptions(_command, Credentials.Key | Credentials.Token);
        _command.Validators.Add(line =>
        {
            if (line.GetValue(_instance) is null == line.GetValue(_product) is null)
                line.AddError("Whose usage? Pass either --instance ID or --product ID.");
            bool isSingle = line.GetResult(_sku) is not null || line.GetResult(_quantity) is not null || line.GetResult(_uuid) is not null
                || line.GetResult(_timestamp) is not null;
            if (isSingle == line.GetValue(_file) is not null)
                line.AddError("Which records? Pass either --sku ID and --quantity N, or --file FILE (- for standard input).");
            if (isSingle && (line.GetResult(_sku) is null || line.GetResult(_quantity) is null))
                line.AddError("A single record needs both --sku ID and --quantity N.");
        });
        _command.SetAction(RunAsync);
    }

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal) => new WriteCommand(terminal)._command;

    private async Task<int> RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        using MeteringClient client = _connection.Connect(line, _terminal);
        if (line.GetValue(_file) is not { } file)
            return await WriteAsync(line, client, new SingleRecord(SingleRecordOf(line)), cancellationToken);

        RecordFormat format = FormatOf(file, line.GetValue(_format));
        await using Stream stream = file == "-" ? _terminal.OpenInput() : InputFile.Open(_terminal.PathOf(file), "file of records");
        var source = new RecordSource(stream, file == "-" ? "(standard input)" : file, format, line.GetValue(_skipInvalid), _terminal);
        return await WriteAsync(line, client, source, cancellationToken);
    }

    private async Task<int> WriteAsync(ParseResult line, MeteringClient client, IRecordSource source, CancellationToken cancellationToken)
    {
        string output = line.GetValue(_output)!;
        bool isVerbose = line.GetValue(_verbose);
        bool isDryRun = line.GetValue(_dryRun);
        IVerdictReport report = output switch
        {
            "json" => new VerdictJson(_terminal),
            "jsonl" => new VerdictJsonLines(_terminal),
            _ => new VerdictTable(_terminal, isVerbose),
        };
        bool runsAlong = _terminal.OutputIsTerminal && (output == "jsonl" || isVerbose);
        var progress = new ProgressLine(_terminal, isShown: !runsAlong, () => source.Part);
        var counts = default(WriteProgress);
        MeteringException? failure = null;
        try
        {
            IAsyncEnumerable<UsageRecord> records = source.ReadAsync(CancellationToken.None);
            IAsyncEnumerable<RecordVerdict> verdicts = line.GetValue(_instance) is { } instance
                ? client.WriteProductUsageAsync(instance, records, isDryRun, cancellationToken: cancellationToken)
                : client.WriteImageProductUsageAsync(line.GetValue(_product)!, records, isDryRun, cancellationToken: cancellationToken);
            await foreach (RecordVerdict verdict in verdicts)
            {
                counts = counts.Add(verdict.Outcome);
                report.Add(verdict);
                progress.Show(counts);
            }
        }
        catch (MeteringException fault)
        {
            failure = fault;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            progress.Clear();
            _terminal.WriteFault(
                $"Interrupted after {Told(counts)}. What was under way may be counted too: "
                    + "write it again with the same uuids, it is never counted twice.");
            throw;
        }

        progress.Clear();
        if (_connection.Warning is { } warning)
            _terminal.WriteNote($"The server warns: {warning}");
        report.Finish(new WriteEnd(counts, source.Skipped, isDryRun, failure?.Message ?? source.Fault));
        return Conclude(source, counts, failure);
    }

    private int Conclude(IRecordSource source, WriteProgress counts, MeteringException? failure)
    {
        if (failure is not null)
        {
            _terminal.WriteFailure(failure);
            _terminal.Error.WriteLine(failure.OutcomeIsUnknown
                ? $"  {Told(counts)}; whether the failed ones are counted is unknown: "
                    + "write them again with the same uuids, they are never counted twice."
                : $"  {Told(counts)}; nothing after them was sent.");
            return ExitCodes.RequestFailed;
        }

        if (source.Fault is not null)
        {
            _terminal.WriteFault($"{source.Fault}. Before it: {Told(counts)}; nothing after it was sent.");
            return ExitCodes.BadUsage;
        }

        return counts.Rejected > 0 || source.Skipped > 0 ? ExitCodes.Rejected : ExitCodes.Done;
    }

    private static string Told(WriteProgress counts) =>
        $"{Figures.Count(counts.Accepted + counts.DeliveredByRetry, "record")} written, {Figures.Group(counts.Rejected)} rejected"
        + (counts.Failed > 0 ? $", {Figures.Group(counts.Failed)} failed" : string.Empty);

    private UsageRecord SingleRecordOf(ParseResult line)
    {
        var fields = new RecordFields
        {
            SkuId = line.GetValue(_sku),
            Quantity = line.GetValue(_quantity),
            Uuid = line.GetValue(_uuid),
            Timestamp = line.GetValue(_timestamp),
        };
        try
        {
            return fields.ToRecord(_terminal.Time);
        }
        catch (InputFault fault)
        {
            throw new CommandException(ExitCodes.BadUsage, $"The record cannot be sent: {fault.Message}.", fault);
        }
    }

    private static RecordFormat FormatOf(string file, string? format) => (format ?? Path.GetExtension(file)) switch
    {
        "csv" or ".csv" => RecordFormat.Csv,
        "jsonl" or ".jsonl" or ".ndjson" => RecordFormat.JsonLines,
        _ => throw new CommandException(
            ExitCodes.BadUsage,
            $"The format of {(file == "-" ? "standard input" : file)} is not told by its name: pass --format csv or --format jsonl."),
    };
}
