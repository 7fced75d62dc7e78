namespace Metering.Client;

/// <summary>A bearer token and its end. Secret: never log <see cref="Value"/>.</summary>
/// <param name="value">What follows <c>Bearer</c>.</param>
/// <param name="expiresAt">When the server stops taking it.</param>
public sealed class IamToken(string value, DateTimeOffset expiresAt)
{
    /// <summary>What follows <c>Bearer</c>.</summary>
    public string Value { get; } = value;

    /// <summary>When the server stops taking it.</summary>
    public DateTimeOffset ExpiresAt { get; } = expiresAt;
}
