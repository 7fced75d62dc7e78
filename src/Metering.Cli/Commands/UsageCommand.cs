using System.CommandLine;
using System.Globalization;
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
        metering usage --by sku --product PRODUCT --output csv > totals.csv

        Times are hours of UTC by the records' own timestamps; --to is exclusive. Amounts in different units are never added up.

        """ + ConnectionOptions.WhoSeesWhat;

    /// <summary>The dimensions, as they are typed.</summary>
    public static readonly IReadOnlyDictionary<string, Dimension> Dimensions = new Dictionary<string, Dimension>
    {
        ["product"] = Dimension.Product,
        ["instance"] = Dimension.ProductInstance,
        ["billing-account"] = Dimension.BillingAccount,
        ["sku"] = Dimension.Sku,
    };

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
        HelpName = "hour|day|all", Description = "One total for each hour, each day, or all time", DefaultValueFactory = _ => "all",
    };
    private readonly Option<string?> _product = new("--product") { HelpName = "ID", Description = "Only this product" };
    private readonly Option<string?> _instance = new("--instance") { HelpName = "ID", Description = "Only this product instance" };
    private readonly Option<string?> _account = new("--billing-account") { HelpName = "ID", Description = "Only this billing account" };
    private readonly Option<string?> _sku = new("--sku") { HelpName = "ID", Description = "Only this SKU" };
    private readonly Option<string> _output =
        new("--output", "-o") { HelpName = "table|json|csv", Description = "Form of the output", DefaultValueFactory = _ => "table" };
    private readonly ConnectionOptions _connection;

    private UsageCommand(Terminal terminal)
    {
        _terminal = terminal;
        _window.AcceptOnlyFromAmong("hour", "day", "all");
        _output.AcceptOnlyFromAmong("table", "json", "csv");
        foreach (Option option in new Option[] { _from, _to, _by, _window, _product, _instance, _account, _sku, _output })
            _command.Add(option);
        _connection = new ConnectionOptions(_command, Credentials.Reading);
        _command.SetAction(RunAsync);
    }

    /// <summary>Makes the command.</summary>
    public static Command Create(Terminal terminal) => new UsageCommand(terminal)._command;

    private async Task<int> RunAsync(ParseResult line, CancellationToken cancellationToken)
    {
        QueryUsageRequest request = Read(line);
        using MeteringClient client = _connection.Connect(line, _terminal);
        QueryUsageResponse answer = await client.QueryUsageAsync(request, cancellationToken);
        var report = new UsageReport(request, answer);
        switch (line.GetValue(_output))
        {
            case "json":
                report.WriteJson(_terminal);
                break;
            case "csv":
                report.WriteCsv(_terminal.Output);
                break;
            default:
                report.WriteTable(_terminal);
                break;
        }

        return ExitCodes.Done;
    }

    private QueryUsageRequest Read(ParseResult line)
    {
        var request = new QueryUsageRequest
        {
            From = Hour("--from", line.GetValue(_from)),
            To = Hour("--to", line.GetValue(_to)),
            Window = line.GetValue(_window) switch { "hour" => Window.Hour, "day" => Window.Day, _ => Window.All },
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

    private static Timestamp? Hour(string option, string? text)
    {
        if (text is null)
            return null;
        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        string[] forms = ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];
        if (!DateTimeOffset.TryParseExact(text, forms, CultureInfo.InvariantCulture, Utc, out DateTimeOffset moment))
            throw new CommandException(
                ExitCodes.BadUsage, $"{option} '{text}' is no time: expected a date such as 2026-01-31, or 2026-01-31T12:00:00Z.");
        if (moment.UtcTicks % TimeSpan.TicksPerHour != 0)
            throw new CommandException(ExitCodes.BadUsage, $"{option} '{text}' is not at a full hour of UTC: totals are kept by the hour.");
        return Timestamp.FromDateTimeOffset(moment);
    }
}
