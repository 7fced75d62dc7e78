namespace Metering.Server;

/// <summary>Why a whole request is refused. Respond gives each its gRPC status.</summary>
public enum RefusalKind
{
    /// <summary>Who is calling is not known: no token, or one that does not hold.</summary>
    Unauthenticated,

    /// <summary>Who is calling may not do this.</summary>
    NotPermitted,

    /// <summary>The request has not the form that it must have.</summary>
    InvalidForm,

    /// <summary>There is no such thing.</summary>
    NotFound,

    /// <summary>It is there already.</summary>
    AlreadyExists,

    /// <summary>Too much at once; the same request can succeed later.</summary>
    Overloaded,

    /// <summary>The ledger cannot commit now.</summary>
    Unavailable,

    /// <summary>What was asked for is damaged.</summary>
    Damaged,

    /// <summary>It is not what the caller believes that it is.</summary>
    Conflict,

    /// <summary>Somebody has to do something about the server before this can succeed.</summary>
    NotReady,
}

/// <summary>What is wrong with one field of a request.</summary>
/// <param name="Field">The field's name in the .proto file, as a path.</param>
/// <param name="Problem">What is wrong with its value, and the limit.</param>
public readonly record struct FieldFault(string Field, string Problem);

/// <summary>An expected refusal of a whole request: a value, made by the stage that refuses.</summary>
/// <param name="Kind">Why.</param>
/// <param name="Message">For the caller, in words.</param>
/// <param name="Faults">The fields at fault.</param>
/// <param name="RetryAfter">When trying again makes sense.</param>
public sealed record Refusal(RefusalKind Kind, string Message, IReadOnlyList<FieldFault>? Faults = null, TimeSpan? RetryAfter = null)
{
    /// <summary>Who is calling is not known.</summary>
    public static Refusal Unauthenticated(string message) => new(RefusalKind.Unauthenticated, message);

    /// <summary>The request, or what it carries, has not its form.</summary>
    public static Refusal InvalidForm(string message) => new(RefusalKind.InvalidForm, message);

    /// <summary>Fields of the request have not their form.</summary>
    public static Refusal InvalidFields(IReadOnlyList<FieldFault> faults) =>
        new(RefusalKind.InvalidForm, string.Join("; ", faults.Select(fault => $"{fault.Field} {fault.Problem}")), faults);
}
