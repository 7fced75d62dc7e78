namespace Metering.Client;

/// <summary>Where the bearer token of a call comes from.</summary>
internal interface ITokenSource
{
    /// <summary>The token to send; null: none.</summary>
    ValueTask<string?> GetAsync(CancellationToken cancellationToken);

    /// <summary>The server refused this token. Returns whether there may be a better one.</summary>
    bool Refused(string? token);
}

/// <summary>One token for ever, or none.</summary>
internal sealed class FixedToken(string? token) : ITokenSource
{
    /// <summary>For calls that need no token.</summary>
    public static readonly FixedToken None = new(null);

    public ValueTask<string?> GetAsync(CancellationToken cancellationToken) => new(token);

    public bool Refused(string? token) => false;
}

/// <summary>No identity was configured: says so before anything is sent.</summary>
internal sealed class MissingToken(string message) : ITokenSource
{
    public ValueTask<string?> GetAsync(CancellationToken cancellationToken) =>
        throw new MeteringException(GrpcStatusCode.Unauthenticated, message);

    public bool Refused(string? token) => false;
}
