using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// Second question of the path: may this account report this usage? Names the owner to whom it will be counted. What is
/// not there and what is somebody else's are refused in the same words, so that ids cannot be probed.
/// </summary>
public class Authorizer
{
    private static readonly Refusal LacksRole = new(
        RefusalKind.NotPermitted, $"The service account lacks the role {ServiceAccount.MeteringAgent}.");

    private static readonly Refusal NotAPublisher = new(
        RefusalKind.NotPermitted, "Usage of product instances is reported with a service account of the publisher.");

    private static readonly Refusal NotACustomer = new(
        RefusalKind.NotPermitted, "Usage of image products is reported with a service account of the customer.");

    private static readonly Refusal NotYourInstance = new(
        RefusalKind.NotPermitted, "The product instance does not exist, is not active, or belongs to another publisher's product.");

    private static readonly Refusal Suspended = new(
        RefusalKind.NotPermitted, "The customer's billing account is suspended.");

    /// <summary>Refuses, or names the owner and the product. A target that names nothing is left to validate.</summary>
    public virtual Refusal? Authorize(UsageWrite write, AccountEntry account, CatalogSnapshot catalog)
    {
        if (!account.IsMeteringAgent)
            return LacksRole;
        write.AccountKey = account.Key;
        return write.Kind == UsageKind.Image
            ? AuthorizeCustomer(write, account.Customer, catalog)
            : AuthorizePublisher(write, account.Account.PublisherId, catalog);
    }

    /// <summary>What of the usage that was counted the account may see.</summary>
    public virtual ReadScope ScopeOf(AccountEntry account) => ReadScope.Of(account.Account);

    /// <summary>The customer's own usage of an image product.</summary>
    protected static Refusal? AuthorizeCustomer(UsageWrite write, CustomerEntry? customer, CatalogSnapshot catalog)
    {
        if (customer is null)
            return NotACustomer;
        if (!customer.IsActive)
            return Suspended;
        write.OwnerKey = customer.Key;
        write.Product = catalog.FindProduct(write.Text(write.TargetText)) is { Product.Metering: ProductKind.Image } product ? product : null;
        return null;
    }

    /// <summary>A publisher's report on an instance of its product.</summary>
    protected static Refusal? AuthorizePublisher(UsageWrite write, string? publisherId, CatalogSnapshot catalog)
    {
        if (publisherId is null)
            return NotAPublisher;
        ReadOnlySpan<byte> instanceId = write.Text(write.TargetText);
        if (!RequestForm.IsId(instanceId))
            return null;
        if (catalog.FindInstance(instanceId) is not { IsActive: true } instance || instance.Product.Product.PublisherId != publisherId)
            return NotYourInstance;
        if (!instance.Customer.IsActive)
            return Suspended;
        write.OwnerKey = instance.Key;
        write.Product = instance.Product;
        return null;
    }
}
