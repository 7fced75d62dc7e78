using System.CommandLine;
using Metering.Contracts.V1;

namespace Metering.Cli;

/// <summary>The options that say which records are meant: by owner, SKU and their own timestamps.</summary>
internal sealed class RecordFilterOptions
{
    private readonly Option<string?> _product = new("--product") { HelpName = "ID", Description = "Only this product" };
    private readonly Option<string?> _instance = new("--instance") { HelpName = "ID", Description = "Only this product instance" };
    private readonly Option<string?> _account = new("--billing-account") { HelpName = "ID", Description = "Only this billing account" };
    private readonly Option<string?> _sku = new("--sku") { HelpName = "ID", Description = "Only this SKU" };
    private readonly Option<string?> _from = new("--from")
    {
        HelpName = "TIME", Description = "Only records whose own timestamps are at this moment or later: a date or RFC 3339",
    };
    private readonly Option<string?> _to =
        new("--to") { HelpName = "TIME", Description = "Only records whose own timestamps are before this moment" };

    /// <summary>Adds the options to a command.</summary>
    public RecordFilterOptions(Command command)
    {
        foreach (Option option in new Option[] { _product, _instance, _account, _sku, _from, _to })
            command.Add(option);
    }

    /// <summary>The filter that was given.</summary>
    /// <exception cref="CommandException">A time is none, or they lie the wrong way round.</exception>
    public RecordFilter Read(ParseResult line)
    {
        var filter = new RecordFilter
        {
            ProductId = line.GetValue(_product) ?? string.Empty,
            ProductInstanceId = line.GetValue(_instance) ?? string.Empty,
            BillingAccountId = line.GetValue(_account) ?? string.Empty,
            SkuId = line.GetValue(_sku) ?? string.Empty,
            From = Moment.Read("--from", line.GetValue(_from)),
            To = Moment.Read("--to", line.GetValue(_to)),
        };
        if (filter.From is not null && filter.To is not null && filter.From.CompareTo(filter.To) >= 0)
            throw new CommandException(ExitCodes.BadUsage, "--from is not before --to, so that no record lies between them.");
        return filter;
    }
}
