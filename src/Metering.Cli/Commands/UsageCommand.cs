using System.CommandLine;
using Metering.Client;
using Metering.Contracts.V1;
using Dimension = Metering.Contracts.V1.QueryUsageRequest.Types.Dimension;
using Timestamp = Google.Protobuf.WellKnownTypes.Timestamp;
using Window = Metering.Contracts.V1.QueryUsageRequest.Types.Window;

namespace Metering.Cli;

/// <summary><c>metering usage</c>: exact totals of what was counted.</summary>
internal sealed class UsageCommand
{
    private const string Examples =
        """
        metering usage
        metering usage --from 2026-01-01 --to 2026-02-01 --by billing-account,sku --window day
        metering usage --by sku --window month --time-zone Europe/Moscow
        metering usage --by sku --window hour --from 2026-01-31 --watch
        metering usage --by sku --product PRODUCT --output csv > totals.csv

        Times are those of the records themselves; dates, days and months are of --time-zone, and --to is exclusive. Totals are
        kept by hours of UTC: a range or a window that begins within one of them (zones at 30 or 45 minutes) is refused.
        Amounts in different units are never added up.

        """ + ConnectionOptions.WhoSeesWhat;

    /// <summary>The dimensions, as they are typed.</summary>
    public static readonly IReadOnlyDictionary<string, Dimension> Dimensions = new Dictionary<string, Dimension>
    {
        ["product"] = Dimension.Product,
        ["instance"] = Dimension.ProductInstance,
        ["billing-account"] = Dimension.BillingAccount,
        ["sku"] = Dimension.Sku,
    };

    private const int PageTotals = 10_000;

    private static readonly TimeSpan WatchPeriod = TimeSpan.FromSeconds(3);

    private readonly Terminal _terminal;
    private readonly CommandWithExamples _command = new("usage", "Shows exact totals of what was counted.", Examples);
    private readonly Option<string?> _from =
        new("--from") { HelpName = "TIME", Description = "Start: a date or RFC 3339, at a full hour [default: the first record]" };
    private readonly Option<string?> _to = new("--to") { HelpName = "TIME", Description = "End, exclusive [default: the last record]" };
    private readonly Option<string?> _by = new("--by")
    {
        HelpName = "LIST",
        Description = "What to tell apart: product, instance, billing-account, sku, separated by commas [default: all four]",
    };

    private readonly Option<string> _window = new("--window")
    {
        HelpName = "hour|day|month|all", Description = "One total for each hour, day or month, or for all time", DefaultValueFactory = _ => "all",
    };

    private readonly Option<string?> _timeZone =
        new("--time-zone") { HelpName = "ZONE", Description = "IANA time zone of dates, days and months, such as Europe/Moscow [default: UTC]" };
    private readonly Option<bool> _watch = new("--watch") { Description = "Asks and draws again every few seconds, until Ctrl-C" };
    private readonly Option<string?> _product = new("--product") { HelpName = "ID", Description = "Only this product" };
    private readonly Option<string?> _instance = new("--instance") { HelpName = "ID", Description = "Only this product instance" };
    private readonly Option<string?> _account = new("--billing-account") { HelpName = "ID", Description = "Only this billing account" };
    private readonly Option<string?> _sku = new("--sku") { HelpName = "ID", Description = "Only this SKU" };
    private readonly FormOption _output = new("table", "json", "csv");
    private readonly ConnectionOptions _connection;

    private UsageCommand(Terminal terminal)
    {
        _terminal = terminal;
        _window.AcceptOnlyFromAmong("hour", "day", "month", "all");
        foreach (Option option in new Option[] { _from, _to, _by, _window, _timeZone, _product, _instance, _account, _sku, _watch, _output })
            _command.Add(option);
        _connection = new ConnectionOptions(_command, Credentials.Reading);
        _command.SetAction(RunAsync);
    }

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal) => new UsageCommand(terminal)._command;

    private async Task<int> RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        TimeZoneInfo zone = ZonedTime.ZoneOf(line.GetValue(_timeZone));
        QueryUsageRequest request = Read(line, zone);
        string? output = line.GetValue(_output);
        bool isWatched = line.GetValue(_watch);
        if (isWatched && output != "table")
            throw new CommandException(ExitCodes.BadUsage, "--watch draws tables: leave --output away.");
        using MeteringClient client = _connection.Connect(line, _terminal);
        for (; ; await Task.Delay(WatchPeriod, _terminal.Time, cancellationToken))
        {
            using IUsageReport report = output switch
            {
                "json" => new UsageJson(request, zone, _terminal.Output),
                "csv" => new UsageCsv(request, zone, _terminal.Output),
                _ => new UsageTable(request, zone, _terminal),
            };
            await AskAsync(client, request, report, cancellationToken);
            if (isWatched && _terminal.OutputIsTerminal)
                _terminal.Output.Write("\e[H\e[2J\e[3J"); // only now: what was there stays until there is something new
            report.Finish();
            if (!isWatched)
                return ExitCodes.Done;
            _terminal.WriteNote($"{_terminal.Time.GetUtcNow():HH:mm:ss}Z; again every {WatchPeriod.TotalSeconds} s, Ctrl-C ends.");
        }
    }

    private static async Task AskAsync(MeteringClient client, QueryUsageRequest request, IUsageReport report, CancellationToken cancellationToken)
    {
        QueryUsageRequest asked = request.Clone();
        do
        {
            QueryUsageResponse page = await client.QueryUsageAsync(asked, cancellationToken);
            report.Add(page);
            asked.PageToken = page.NextPageToken;
        }
        while (asked.PageToken.Length > 0);
    }

    private QueryUsageRequest Read(ParseResult line, TimeZoneInfo zone)
    {
        var request = new QueryUsageRequest
        {
            From = Hour("--from", line.GetValue(_from), zone),
            To = Hour("--to", line.GetValue(_to), zone),
            Window = line.GetValue(_window) switch { "hour" => Window.Hour, "day" => Window.Day, "month" => Window.Month, _ => Window.All },
            TimeZone = line.GetValue(_timeZone) ?? string.Empty,
            PageSize = PageTotals,
            ProductId = line.GetValue(_product) ?? string.Empty,
            ProductInstanceId = line.GetValue(_instance) ?? string.Empty,
            BillingAccountId = line.GetValue(_account) ?? string.Empty,
            SkuId = line.GetValue(_sku) ?? string.Empty,
        };
        foreach (string name in (line.GetValue(_by) ?? string.Empty)
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (!Dimensions.TryGetValue(name, out Dimension dimension))
                throw new CommandException(ExitCodes.BadUsage,
                    $"--by does not know '{name}': expected {string.Join(", ", Dimensions.Keys)}, separated by commas.");
            if (!request.GroupBy.Contains(dimension))
                request.GroupBy.Add(dimension);
        }

        if (request.GroupBy.Count == 0)
            request.GroupBy.Add(Dimensions.Values);
        if (request.From is not null && request.To is not null && request.From.CompareTo(request.To) >= 0)
            throw new CommandException(ExitCodes.BadUsage, "--from is not before --to, so that no hour lies between them.");
        return request;
    }

    private static Timestamp? Hour(string option, string? text, TimeZoneInfo zone)
    {
        if (text is null)
            return null;
        DateTimeOffset moment = ZonedTime.Parse(option, text, zone);
        if (moment.UtcTicks % TimeSpan.TicksPerHour == 0)
            return Timestamp.FromDateTimeOffset(moment);
        string why = moment.Offset == TimeSpan.Zero ? string.Empty : $", being at UTC{ZonedTime.TextOf(moment.Offset)}";
        throw new CommandException(ExitCodes.BadUsage, $"{option} '{text}' is not at a full hour of UTC{why}: totals are kept by the hour.");
    }
}
