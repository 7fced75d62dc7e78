using System.CommandLine;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary>The options that say which rejected records are meant: by reason, SKU, owner and when they were received.</summary>
internal sealed class RejectedFilterOptions
{
    private readonly Option<string?> _reason = new("--reason") { HelpName = "REASON", Description = "Only this reason, such as INVALID_SKU_ID" };
    private readonly Option<string?> _sku = new("--sku") { HelpName = "ID", Description = "Only this SKU, as it was sent" };
    private readonly Option<string?> _instance = new("--instance") { HelpName = "ID", Description = "Only this product instance" };
    private readonly Option<string?> _account = new("--billing-account") { HelpName = "ID", Description = "Only this billing account" };
    private readonly Option<string?> _from = new("--from")
    {
        HelpName = "TIME", Description = "Only what was received at this moment or later: a date or RFC 3339",
    };
    private readonly Option<string?> _to = new("--to") { HelpName = "TIME", Description = "Only what was received before this moment" };

    /// <summary>Adds the options to a command.</summary>
    public RejectedFilterOptions(Command command)
    {
        foreach (Option option in new Option[] { _reason, _sku, _instance, _account, _from, _to })
            command.Add(option);
    }

    /// <summary>The filter that was given.</summary>
    /// <exception cref="CommandException">A time is none, or they lie the wrong way round.</exception>
    public RejectedFilter Read(ParseResult line)
    {
        var filter = new RejectedFilter
        {
            Reason = line.GetValue(_reason)?.ToUpperInvariant() ?? string.Empty,
            SkuId = line.GetValue(_sku) ?? string.Empty,
            ProductInstanceId = line.GetValue(_instance) ?? string.Empty,
            BillingAccountId = line.GetValue(_account) ?? string.Empty,
            From = Moment.Read("--from", line.GetValue(_from)),
            To = Moment.Read("--to", line.GetValue(_to)),
        };
        if (filter.From is not null && filter.To is not null && filter.From.CompareTo(filter.To) >= 0)
            throw new CommandException(ExitCodes.BadUsage, "--from is not before --to, so that no record lies between them.");
        return filter;
    }
}
