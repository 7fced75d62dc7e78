namespace Metering.Load;

/// <summary>
/// What one connection, or all of them, sent and heard. Written by one thread; another may read the counts for a
/// progress line, at the price of seeing them a moment apart.
/// </summary>
internal sealed class LoadTally
{
    /// <summary>Number of gRPC statuses, OK included.</summary>
    public const int Statuses = 17;

    public static readonly IReadOnlyList<string> StatusNames =
    [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE",
        "DATA_LOSS", "UNAUTHENTICATED",
    ];

    /// <summary>Requests sent.</summary>
    public long Sent;

    /// <summary>Answers by gRPC status.</summary>
    public readonly long[] ByStatus = new long[Statuses];

    /// <summary>The first message that came with each status.</summary>
    public readonly string?[] StatusMessages = new string?[Statuses];

    /// <summary>Streams that the server reset.</summary>
    public long Reset;

    /// <summary>What is no gRPC answer to a Write: an HTTP error, no status, a body that cannot be read, verdicts missing.</summary>
    public long Malformed;

    /// <summary>Requests that were sent and never answered.</summary>
    public long Unanswered;

    /// <summary>Requests that were due and never sent, with a rate.</summary>
    public long Missed;

    /// <summary>Verdicts of the answers with status OK.</summary>
    public VerdictCounts Verdicts;

    /// <summary>Time from the moment of (intended) sending to the end of each answer with status OK.</summary>
    public LatencyHistogram Latency { get; } = new();

    /// <summary>Why connections ended early, one entry a connection.</summary>
    public List<string> Losses { get; } = [];

    /// <summary>Moment of the last answer.</summary>
    public long LastAnswerTimestamp;

    /// <summary>Requests that ended in an answer of any kind.</summary>
    public long Answered => ByStatus.Sum() + Reset + Malformed;

    /// <summary>Requests that did not end in an answer with status OK.</summary>
    public long Failed => Answered - ByStatus[0] + Unanswered;

    public void Add(LoadTally other)
    {
        Sent += other.Sent;
        Reset += other.Reset;
        Malformed += other.Malformed;
        Unanswered += other.Unanswered;
        Missed += other.Missed;
        for (int status = 0; status < Statuses; status++)
        {
            ByStatus[status] += other.ByStatus[status];
            StatusMessages[status] ??= other.StatusMessages[status];
        }

        Verdicts.Add(other.Verdicts);
        Latency.Add(other.Latency);
        Losses.AddRange(other.Losses);
        LastAnswerTimestamp = Math.Max(LastAnswerTimestamp, other.LastAnswerTimestamp);
    }
}
