using Metering.Ledger;

namespace Metering.Server;

/// <summary>What kind of answer a refusal is; each surface maps it to its own status.</summary>
public enum IdentityRefusalKind
{
    /// <summary>What was sent is not of the form it has to be. INVALID_ARGUMENT.</summary>
    Malformed,

    /// <summary>Nobody, or nobody any more, is proved by what was sent. UNAUTHENTICATED.</summary>
    Unauthenticated,

    /// <summary>Proved, but not allowed to do this. PERMISSION_DENIED.</summary>
    NotAllowed,

    /// <summary>No such account or key; said to the admin only. NOT_FOUND.</summary>
    NotFound,

    /// <summary>The id is taken. ALREADY_EXISTS.</summary>
    AlreadyExists,
}

/// <summary>An expected refusal: a value, not an exception.</summary>
/// <param name="Kind">What kind of answer it is.</param>
/// <param name="Message">Says what is wrong and, where it gives nothing away, what to do.</param>
public sealed record IdentityRefusal(IdentityRefusalKind Kind, string Message)
{
    internal static IdentityRefusal Malformed(string message) => new(IdentityRefusalKind.Malformed, message);

    internal static IdentityRefusal Unauthenticated(string message) => new(IdentityRefusalKind.Unauthenticated, message);
}

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
public readonly record struct TokenIssue(IssuedToken? Token, IdentityRefusal? Refusal);

/// <summary>Whose token was revoked, or why none was. Exactly one of the two is set.</summary>
/// <param name="SubjectId">The service account whose token it was.</param>
/// <param name="Refusal">Why nothing was revoked.</param>
public readonly record struct TokenRevocation(string? SubjectId, IdentityRefusal? Refusal);

/// <summary>Who sent a request, by a token that holds.</summary>
/// <param name="Account">The service account, of the catalog that was given.</param>
/// <param name="KeyId">The authorized key that the token came from; null for a token made by the admin.</param>
/// <param name="ExpiresAt">When the token ends.</param>
public sealed record AuthenticatedAccount(AccountEntry Account, string? KeyId, DateTimeOffset ExpiresAt);

/// <summary>Who sent a request, or why nobody is proved. Exactly one of the two is set.</summary>
/// <param name="Account">Who sent it.</param>
/// <param name="Refusal">Why nobody is proved; always <see cref="IdentityRefusalKind.Unauthenticated"/>.</param>
public readonly record struct Authentication(AuthenticatedAccount? Account, IdentityRefusal? Refusal);
