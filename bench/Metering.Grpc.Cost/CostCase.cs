namespace Metering.Grpc.Cost;

/// <summary>One kind of call that is compared.</summary>
/// <param name="Name">Name in the reports.</param>
/// <param name="Path">Path of the method.</param>
/// <param name="Timeout">Value of <c>grpc-timeout</c>; null when the client sends none.</param>
internal sealed record CostCase(string Name, string Path, string? Timeout)
{
    // Never passes during a run: what is measured is keeping a deadline, not missing it.
    private const string TenSeconds = "10S";

    /// <summary>Every kind, in the order reported.</summary>
    public static readonly IReadOnlyList<CostCase> All =
    [
        new("now", CostPaths.AnswerNow, null),
        new("now, with a deadline", CostPaths.AnswerNow, TenSeconds),
        new("later", CostPaths.AnswerLater, null),
        new("later, with a deadline", CostPaths.AnswerLater, TenSeconds),
    ];
}

/// <summary>The paths of both handlers: nothing in a request tells them apart but the port.</summary>
internal static class CostPaths
{
    public const string AnswerNow = "/metering.grpc.cost.Nothing/AnswerNow";
    public const string AnswerLater = "/metering.grpc.cost.Nothing/AnswerLater";
}
