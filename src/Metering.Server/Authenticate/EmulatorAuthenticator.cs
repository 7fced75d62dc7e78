using Metering.Ledger;
using Microsoft.Extensions.Primitives;

namespace Metering.Server;

/// <summary>The emulator's answer to the first question: anybody with a bearer token will do. Real tokens keep their account.</summary>
internal sealed class EmulatorAuthenticator(IAuthenticator real) : IAuthenticator
{
    private const string Scheme = "Bearer ";

    private static readonly Refusal NoToken = new(
        RefusalKind.Unauthenticated, "Even the emulator wants a token, any: 'authorization: Bearer anything'.");

    private static readonly AuthenticatedAccount Anybody = new(
        new AccountEntry(0, new ServiceAccount("emulator", "Whoever calls the emulator", null, null, [ServiceAccount.MeteringAgent]), null, IsMeteringAgent: true),
        KeyId: null,
        DateTimeOffset.MaxValue);

    /// <inheritdoc/>
    public Authentication Authenticate(StringValues authorization, CatalogSnapshot snapshot)
    {
        Authentication proved = real.Authenticate(authorization, snapshot);
        if (proved.Account is not null)
            return proved;
        return authorization is [{ } header] && header.Length > Scheme.Length && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? new Authentication(Anybody, null)
            : new Authentication(null, NoToken);
    }
}
