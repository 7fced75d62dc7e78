using Metering.Ledger;

namespace Metering.Server;

/// <summary>Exchanges a signed JWT for an IAM token.</summary>
public interface ITokenExchange
{
    /// <summary>A token for the account that the JWT proves, or a refusal.</summary>
    TokenIssue Exchange(string jwt, CatalogSnapshot snapshot);
}
