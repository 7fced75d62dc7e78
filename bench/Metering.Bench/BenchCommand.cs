using System.CommandLine;
using Metering.Bench.Places;

namespace Metering.Bench;

/// <summary>The command line: options, their checks and defaults.</summary>
internal sealed class BenchCommand
{
    /// <summary>The command by which this program starts itself as the echo.</summary>
    public const string Echo = "echo";

    private const int RoundsMaximum = 100;
    private const int SecondsMaximum = 600;
    private const int ConnectionsMaximum = 64;
    private const long RecordsInLedgerMinimum = 50_000, RecordsInLedgerMaximum = 1_000_000_000;
    private const long ReadRecordsMinimum = 1_000, ReadRecordsMaximum = 100_000_000, ShortReadRecords = 14_400;
    private const int ShortSeries = 100;

    // The ledger, its index, and a merge of all of that under way.
    private const long FreeBytesPerRecord = 100;

    private const int Rounds = 5;
    private const double Seconds = 30, ShortSeconds = 1.5;
    private const double WarmSeconds = 12, ShortWarmSeconds = 10;
    private const int TableRows = 2_000_000, ShortTableRows = 50_000;

    private readonly Option<string[]> _only = new("--only")
    {
        Description = $"only these parts, with spaces or commas between: {string.Join(", ", Parts.All)}; or by itself {Parts.HundredMillion}; "
            + $"or {Parts.Reads}, which is {string.Join(", ", Parts.AllReads)}",
        HelpName = "NAME",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<bool> _short = new("--short") { Description = "short turns, in less than three minutes; the document stays as it is" };
    private readonly Option<int> _rounds = new("--rounds") { Description = "turns of each contender", DefaultValueFactory = _ => Rounds };

    private readonly Option<double?> _seconds = new("--seconds")
    {
        Description = $"length of a turn with {Parts.FullRequest} records a request; a third for the others ({Seconds}; with --short {ShortSeconds})",
    };

    private readonly Option<double?> _warm = new("--warm")
    {
        Description = $"seconds of load on a new server before its first turn ({WarmSeconds}; with --short {ShortWarmSeconds})",
    };

    private readonly Option<int> _connections = new("--connections") { Description = "connections of the load", DefaultValueFactory = _ => 12 };

    private readonly Option<int> _streams = new("--streams")
    {
        Description = "requests in flight on each connection", DefaultValueFactory = _ => Ledger.Limits.StreamsPerConnection,
    };

    private readonly Option<DirectoryInfo?> _data = new("--data") { Description = "folder on the disk to measure [default: the folder for temporary files]" };
    private readonly Option<DirectoryInfo?> _results = new("--results")
    {
        Description = $"folder for newest.json and newest.svg, or {Parts.HundredMillion}.json and .svg "
            + "[default: bench/results; of a run that leaves the document as it is, bench/results/local]",
    };

    private readonly Option<long?> _recordsInLedger = new("--records-in-ledger")
    {
        Description = $"records that {Parts.HundredMillion} fills the ledger with ({BenchOptions.HundredMillionRecords}), or {Parts.Reads} at least "
            + $"({BenchOptions.MillionRecords}); other figures than of the default stay out of the document",
        HelpName = "RECORDS",
    };

    private readonly Option<bool> _json = new("--json") { Description = "prints the result as JSON" };

    private readonly Option<FileInfo?> _document = new("--document")
    {
        Description = $"puts the tables into this Markdown file, between {MarkdownReport.Place.Begin} and {MarkdownReport.Place.End}, those of "
            + $"{Parts.HundredMillion} between {FullLedgerReport.Place.Begin} and {FullLedgerReport.Place.End}, "
            + $"those of {Parts.Reads} between {ReadsReport.Place.Begin} and {ReadsReport.Place.End}; not with --short, a part of a run, or a smaller ledger",
    };

    private readonly Option<DirectoryInfo?> _checkout = new("--checkout")
    {
        Description = "checkout in which server and load generator are built [default: the one that this is in]",
    };

    /// <summary>The command, which hands valid options to <paramref name="run"/>; its subcommand is the echo.</summary>
    public RootCommand Create(Func<BenchOptions, CancellationToken, Task<int>> run, Func<Task> echo)
    {
        var command = new RootCommand(
            "Measures this server side by side with what bounds it and with what one would use instead, in one run: an echo of the same "
            + "requests on bare Kestrel, PostgreSQL through pgbench, SQLite with a row a record, and the disk by itself. The contenders take turns; "
            + "figures are medians over the rounds, ratios are of turns of one round. "
            + $"--only {Parts.HundredMillion} fills one ledger with as many records, in about ten minutes and 10 GB of disk, and measures "
            + "what that changes: the rate with little and with much in it, records sent again, memory, disk, latencies, restarts after kill -9. "
            + $"--only {Parts.Reads} measures export, verification and questions about totals, and what reading costs those who write, in about three minutes. Exit codes: 0 the run was completed; 1 it was not.")
        {
            _only, _short, _rounds, _seconds, _warm, _connections, _streams, _recordsInLedger, _data, _results, _json, _document, _checkout,
        };
        command.SetAction((parsed, stop) => run(Read(parsed), stop));
        var echoCommand = new Command(Echo, "The echo; started by this program itself.") { Hidden = true };
        echoCommand.SetAction((_, _) => echo());
        command.Add(echoCommand);
        return command;
    }

    private BenchOptions Read(ParseResult parsed)
    {
        bool isShort = parsed.GetValue(_short);
        const StringSplitOptions split = StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries;
        string[] only = [.. (parsed.GetValue(_only) ?? []).SelectMany(names => names.Split(',', split))];
        bool isFull = only is [Parts.HundredMillion];
        bool isReads = only is [Parts.Reads], hasReads = isReads || (only.Length > 0 && only.All(Parts.AllReads.Contains));
        long? recordsInLedger = parsed.GetValue(_recordsInLedger);
        bool isWhole = !isShort && (only.Length == 0 || ((isFull || isReads) && recordsInLedger is null));
        string checkout = parsed.GetValue(_checkout)?.FullName ?? CheckoutFolder.Find() ?? throw new BenchException("This is not in a checkout: say --checkout.");
        var options = new BenchOptions
        {
            Checkout = checkout,
            Only = only.Length == 0 ? Parts.All : isReads ? Parts.AllReads : isFull || hasReads ? only : [.. Parts.All.Where(only.Contains)],
            IsShort = isShort,
            Series = isShort ? ShortSeries : BenchOptions.MonthSeries,
            Rounds = parsed.GetValue(_rounds),
            Seconds = parsed.GetValue(_seconds) ?? (isShort ? ShortSeconds : Seconds),
            WarmSeconds = parsed.GetValue(_warm) ?? (isShort ? ShortWarmSeconds : WarmSeconds),
            IsNewEachRound = !isShort,
            TableRows = isShort ? ShortTableRows : TableRows,
            RecordsInLedger = recordsInLedger
                ?? (!hasReads ? BenchOptions.HundredMillionRecords : isShort ? ShortReadRecords : BenchOptions.MillionRecords),
            Connections = parsed.GetValue(_connections),
            Streams = parsed.GetValue(_streams),
            Data = parsed.GetValue(_data)?.FullName ?? Path.GetTempPath(),
            Results = parsed.GetValue(_results)?.FullName ?? Path.Combine(checkout, isWhole ? "bench/results" : "bench/results/local"),
            IsJson = parsed.GetValue(_json),
            Document = isWhole ? parsed.GetValue(_document)?.FullName : null,
            Command = CommandLine(parsed),
        };
        Check(options, only);
        return options;
    }

    private static void Check(BenchOptions options, string[] only)
    {
        var faults = new List<string>();
        void Require(bool holds, string fault)
        {
            if (!holds)
                faults.Add(fault);
        }

        string[] known = [.. Parts.All, Parts.HundredMillion, Parts.Reads, .. Parts.AllReads];
        foreach (string name in only.Except(known))
            faults.Add($"--only {name}: there is no such part. There are: {string.Join(", ", known)}.");
        foreach (string name in new[] { Parts.HundredMillion, Parts.Reads }.Where(name => only.Length > 1 && only.Contains(name)))
            faults.Add($"--only {name} is a run by itself: leave the other parts out.");
        bool hasReads = only.Any(name => name == Parts.Reads || Parts.AllReads.Contains(name));
        Require(
            !only.Any(Parts.AllReads.Contains) || only.All(Parts.AllReads.Contains),
            $"--only {string.Join(", ", Parts.AllReads)} make a run by themselves: leave the other parts out.");
        (long least, long most) = hasReads ? (ReadRecordsMinimum, ReadRecordsMaximum) : (RecordsInLedgerMinimum, RecordsInLedgerMaximum);
        Require(options.RecordsInLedger >= least && options.RecordsInLedger <= most, $"--records-in-ledger must be from {least} to {most}.");
        Require(options.Rounds is >= 1 and <= RoundsMaximum, $"--rounds must be from 1 to {RoundsMaximum}.");
        Require(options.Seconds is >= 0.1 and <= SecondsMaximum, $"--seconds must be from 0.1 to {SecondsMaximum}.");
        Require(options.WarmSeconds is >= 0.1 and <= SecondsMaximum, $"--warm must be from 0.1 to {SecondsMaximum}.");
        Require(options.Connections is >= 1 and <= ConnectionsMaximum, $"--connections must be from 1 to {ConnectionsMaximum}.");
        Require(
            options.Streams >= 1 && options.Streams <= Ledger.Limits.StreamsPerConnection,
            $"--streams must be from 1 to {Ledger.Limits.StreamsPerConnection}: more are not allowed on one connection.");
        Require(Directory.Exists(options.Data), $"--data {options.Data}: there is no such folder.");
        if (only.Contains(Parts.HundredMillion) && Directory.Exists(options.Data))
        {
            long free = new DriveInfo(options.Data).AvailableFreeSpace, wanted = options.RecordsInLedger * FreeBytesPerRecord;
            Require(
                free >= wanted,
                $"--data {options.Data}: {free / 1_000_000:N0} MB are free; {options.RecordsInLedger:N0} records take up to {wanted / 1_000_000:N0} MB.");
        }

        MarkedPlace place = only.Contains(Parts.HundredMillion) ? FullLedgerReport.Place : hasReads ? ReadsReport.Place : MarkdownReport.Place;
        Require(options.Document is null || place.IsIn(options.Document), $"--document {options.Document} has no place for the tables: it needs {place}.");
        if (faults.Count > 0)
            throw new BenchException(string.Join(Environment.NewLine, faults));
    }

    // As somebody else would type it: without the paths that the script adds.
    private string CommandLine(ParseResult parsed)
    {
        HashSet<string> paths = [_document.Name, _checkout.Name, _results.Name, _data.Name];
        var words = new List<string> { "bench/run.sh" };
        IReadOnlyList<System.CommandLine.Parsing.Token> tokens = parsed.Tokens;
        for (int index = 0; index < tokens.Count; index++)
        {
            if (paths.Contains(tokens[index].Value))
                index++;
            else
                words.Add(tokens[index].Value);
        }

        return string.Join(' ', words);
    }
}

/// <summary>The run cannot be made; the message says why and what to do.</summary>
internal sealed class BenchException(string message) : Exception(message);
