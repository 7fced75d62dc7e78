using Metering.Ledger;

namespace Metering.Server;

/// <summary>An IAM token as it is handed to a client.</summary>
/// <param name="Text">The token. Secret.</param>
/// <param name="ExpiresAt">When it ends, in whole seconds.</param>
public sealed record IssuedToken(string Text, DateTimeOffset ExpiresAt)
{
    /// <summary>Everything but the secret, so that a log line cannot spill it.</summary>
    public override string ToString() => $"IssuedToken until {ExpiresAt:O}";
}

/// <summary>A token, or why there is none. Exactly one of the two is set.</summary>
/// <param name="Token">The token issued.</param>
/// <param name="Refusal">Why none was.</param>
public readonly record struct TokenIssue(IssuedToken? Token, Refusal? Refusal);

/// <summary>Whose token was revoked, or why none was. Exactly one of the two is set.</summary>
/// <param name="SubjectId">The service account whose token it was.</param>
/// <param name="Refusal">Why nothing was revoked.</param>
public readonly record struct TokenRevocation(string? SubjectId, Refusal? Refusal);

/// <summary>Who sent a request, by a token that holds.</summary>
/// <param name="Account">The service account, of the catalog that was given.</param>
/// <param name="KeyId">The authorized key that the token came from; null for a token made by the admin.</param>
/// <param name="ExpiresAt">When the token ends.</param>
public sealed record AuthenticatedAccount(AccountEntry Account, string? KeyId, DateTimeOffset ExpiresAt);

/// <summary>Who sent a request, or why nobody is proved. Exactly one of the two is set.</summary>
/// <param name="Account">Who sent it.</param>
/// <param name="Refusal">Why nobody is proved; always <see cref="RefusalKind.Unauthenticated"/>.</param>
public readonly record struct Authentication(AuthenticatedAccount? Account, Refusal? Refusal);
