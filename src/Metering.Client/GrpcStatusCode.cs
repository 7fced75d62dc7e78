namespace Metering.Client;

/// <summary>The status codes of gRPC, with the numbers of the wire.</summary>
public enum GrpcStatusCode
{
    /// <summary>Done.</summary>
    Ok = 0,

    /// <summary>The caller gave up.</summary>
    Cancelled = 1,

    /// <summary>A status that says nothing.</summary>
    Unknown = 2,

    /// <summary>The request is wrong, whatever the state of the server.</summary>
    InvalidArgument = 3,

    /// <summary>No answer in time: the outcome is unknown.</summary>
    DeadlineExceeded = 4,

    /// <summary>No such thing.</summary>
    NotFound = 5,

    /// <summary>The id is taken.</summary>
    AlreadyExists = 6,

    /// <summary>The caller is known, and may not.</summary>
    PermissionDenied = 7,

    /// <summary>Too much at once: nothing was done, try later.</summary>
    ResourceExhausted = 8,

    /// <summary>Not in this state.</summary>
    FailedPrecondition = 9,

    /// <summary>Somebody else changed it meanwhile.</summary>
    Aborted = 10,

    /// <summary>Outside the valid range.</summary>
    OutOfRange = 11,

    /// <summary>No such method.</summary>
    Unimplemented = 12,

    /// <summary>A fault of the server, or an answer that cannot be read.</summary>
    Internal = 13,

    /// <summary>The server cannot be reached, or cannot say what became of the request.</summary>
    Unavailable = 14,

    /// <summary>Data was lost.</summary>
    DataLoss = 15,

    /// <summary>No valid token.</summary>
    Unauthenticated = 16,
}

/// <summary>The names of the status codes.</summary>
public static class GrpcStatusCodes
{
    private static readonly string[] Names =
    [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE",
        "DATA_LOSS", "UNAUTHENTICATED",
    ];

    /// <summary>The name as gRPC's documents spell it: <c>PERMISSION_DENIED</c>.</summary>
    public static string Name(this GrpcStatusCode code) => (uint)code < (uint)Names.Length ? Names[(int)code] : ((int)code).ToString();
}
