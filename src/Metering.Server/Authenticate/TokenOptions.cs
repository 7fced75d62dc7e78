using Metering.Ledger;

namespace Metering.Server;

/// <summary>How IAM tokens are made and remembered.</summary>
public sealed class TokenOptions
{
    /// <summary>
    /// Time from a token's issue to its end: <see cref="Limits.IamTokenLifetimeMinimum"/> to <see cref="Limits.IamTokenLifetimeMaximum"/>.
    /// </summary>
    public TimeSpan Lifetime { get; init; } = Limits.IamTokenLifetime;

    /// <summary>Most verified tokens that are remembered, at least 2; others are verified again when they come.</summary>
    public int VerifiedTokens { get; init; } = Limits.VerifiedTokens;

    /// <summary>Every fault of the options, in words.</summary>
    public IEnumerable<string> Faults()
    {
        if (Lifetime < Limits.IamTokenLifetimeMinimum || Lifetime > Limits.IamTokenLifetimeMaximum)
            yield return $"the IAM token lifetime is {Lifetime}; allowed: {Limits.IamTokenLifetimeMinimum} to {Limits.IamTokenLifetimeMaximum}";
        if (VerifiedTokens < 2)
            yield return $"the number of verified tokens to remember is {VerifiedTokens}; at least 2 are needed";
    }
}
