using Metering.Ledger;

namespace Metering.Server;

/// <summary>The emulator's answer to the second question, so that a publisher can rehearse failure.</summary>
internal sealed class EmulatorAuthorizer(EmulatorMode mode) : Authorizer
{
    private static readonly Refusal NotAuthorized = new(RefusalKind.NotPermitted, "not authorized");

    /// <inheritdoc/>
    public override Refusal? Authorize(UsageWrite write, AccountEntry account, CatalogSnapshot catalog)
    {
        if (mode == EmulatorMode.Never || (mode == EmulatorMode.DryRun && !write.DryRun))
            return NotAuthorized;
        if (account.Account.PublisherId is not null || account.Customer is not null)
            return base.Authorize(write, account, catalog);

        // Nobody in particular: a publisher of the instance that is named, or the first customer.
        return write.Kind == UsageKind.Image
            ? AuthorizeCustomer(write, catalog.FirstActiveCustomer, catalog)
            : AuthorizePublisher(write, catalog.FindInstance(write.Text(write.TargetText))?.Product.Product.PublisherId ?? "", catalog);
    }

    /// <inheritdoc/>
    public override ReadScope ScopeOf(AccountEntry account) =>
        account.Account.PublisherId is null && account.Account.CustomerId is null ? ReadScope.Everything : base.ScopeOf(account);
}
