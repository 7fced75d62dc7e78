namespace Metering.Client;

/// <summary>One field of a request that is wrong, as the server names it.</summary>
/// <param name="Field">The field; for a catalog <c>FILE:LINE:COLUMN</c>.</param>
/// <param name="Description">What is wrong with it.</param>
public sealed record FieldViolation(string Field, string Description);

/// <summary>A call failed as a whole: the server refused it, or could not be reached. The message is for people.</summary>
public sealed class MeteringException : Exception
{
    internal MeteringException(GrpcStatusCode code, string message, Exception? cause = null)
        : base(message, cause) => Code = code;

    /// <summary>The status of the call; <see cref="GrpcStatusCode.Unavailable"/> when the server was not reached.</summary>
    public GrpcStatusCode Code { get; }

    /// <summary>The fields that are wrong; empty unless <see cref="Code"/> is <see cref="GrpcStatusCode.InvalidArgument"/>.</summary>
    public IReadOnlyList<FieldViolation> Violations { get; internal init; } = [];

    /// <summary>The server's number of the request, to look it up in its log; null when no answer came.</summary>
    public string? RequestId { get; internal init; }

    /// <summary>How long the server asks to wait before the next attempt (google.rpc.RetryInfo).</summary>
    public TimeSpan? RetryAfter { get; internal init; }

    /// <summary>
    /// Whether the server may have done what was asked. When false, nothing was. When true, send the same records with
    /// the same uuids again: they are never counted twice.
    /// </summary>
    public bool OutcomeIsUnknown { get; internal set; }

    /// <summary>Where the connection failed, as far as that decides whether another attempt makes sense.</summary>
    internal ConnectionStage Stage { get; init; } = ConnectionStage.Answered;
}

/// <summary>How far a call came.</summary>
internal enum ConnectionStage
{
    /// <summary>The server answered, or the connection broke after the request was sent.</summary>
    Answered,

    /// <summary>No connection was made; another attempt may find the server.</summary>
    NotConnected,

    /// <summary>The other side is not what was expected (certificate, protocol): another attempt finds the same.</summary>
    Misconfigured,
}
