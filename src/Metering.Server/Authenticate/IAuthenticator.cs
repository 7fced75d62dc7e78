using Metering.Ledger;
using Microsoft.Extensions.Primitives;

namespace Metering.Server;

/// <summary>First question of the path: who is calling?</summary>
public interface IAuthenticator
{
    /// <summary>Names the account behind the request, or refuses.</summary>
    /// <param name="authorization">The values of the <c>authorization</c> header.</param>
    /// <param name="snapshot">The catalog that the request is judged by.</param>
    Authentication Authenticate(StringValues authorization, CatalogSnapshot snapshot);
}
