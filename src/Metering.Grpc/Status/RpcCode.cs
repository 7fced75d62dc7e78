namespace Metering.Grpc;

/// <summary>The status codes of gRPC. The numbers are the protocol's.</summary>
public enum RpcCode
{
    /// <summary>Not an error.</summary>
    Ok = 0,

    /// <summary>Given up by the caller.</summary>
    Cancelled = 1,

    /// <summary>A status from elsewhere that says nothing more.</summary>
    Unknown = 2,

    /// <summary>The request is wrong whatever the state of the system.</summary>
    InvalidArgument = 3,

    /// <summary>The deadline passed before the answer; what was asked for may have happened.</summary>
    DeadlineExceeded = 4,

    /// <summary>What the request names does not exist.</summary>
    NotFound = 5,

    /// <summary>What was to be made is there.</summary>
    AlreadyExists = 6,

    /// <summary>The caller is known and not allowed.</summary>
    PermissionDenied = 7,

    /// <summary>A limit, a queue or a quota is full.</summary>
    ResourceExhausted = 8,

    /// <summary>The system is not in the state that the request needs.</summary>
    FailedPrecondition = 9,

    /// <summary>A conflict with another call: start over.</summary>
    Aborted = 10,

    /// <summary>Past the valid range.</summary>
    OutOfRange = 11,

    /// <summary>No such method, or not here.</summary>
    Unimplemented = 12,

    /// <summary>Something that must hold does not.</summary>
    Internal = 13,

    /// <summary>Not now: try again.</summary>
    Unavailable = 14,

    /// <summary>Data is gone for good.</summary>
    DataLoss = 15,

    /// <summary>No valid credentials.</summary>
    Unauthenticated = 16,
}
