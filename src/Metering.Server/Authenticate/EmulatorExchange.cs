using System.Security.Cryptography;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>The emulator's exchange: a JWT that proves an account gets its token, any other a token that only the emulator takes.</summary>
internal sealed class EmulatorExchange(ITokenExchange real, TimeProvider time, TimeSpan lifetime) : ITokenExchange
{
    private const int RandomBytes = 24;

    /// <inheritdoc/>
    public TokenIssue Exchange(string jwt, CatalogSnapshot snapshot)
    {
        TokenIssue issue = real.Exchange(jwt, snapshot);
        return issue.Token is not null
            ? issue
            : new TokenIssue(new IssuedToken("emulator-" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(RandomBytes)), time.GetUtcNow() + lifetime), null);
    }
}
