namespace Metering.Scale;

/// <summary>What came of a run. Parts are of 1; a part of a resource is that of the busiest one of its kind.</summary>
internal sealed record Outcome(Cluster Cluster, Figures Figures)
{
    /// <summary>Records that arrived, from the start.</summary>
    public required long Arrived { get; init; }

    /// <summary>Records that were counted, from the start.</summary>
    public required long Accepted { get; init; }

    /// <summary>Records that waited or were under way at the end, uncounted.</summary>
    public required long Uncounted { get; init; }

    /// <summary>Records a second that were counted after warming up.</summary>
    public required double AcceptedPerSecond { get; init; }

    /// <summary>Records a second that were answered after warming up.</summary>
    public required double AnsweredPerSecond { get; init; }

    /// <summary>Records that arrived a second, after warming up.</summary>
    public required double ArrivedPerSecond { get; init; }

    /// <summary>Records answered as duplicates, because the answer to their first sending was lost.</summary>
    public required long Duplicates { get; init; }

    /// <summary>Records whose group was given up, as often as that happened.</summary>
    public required long GivenUp { get; init; }

    /// <summary>Records in a group, on average.</summary>
    public required double GroupRecords { get; init; }

    /// <summary>Latencies of single records.</summary>
    public required LatencySketch Latency { get; init; }

    /// <summary>Records in the cluster, on average over time.</summary>
    public required double RecordsInside { get; init; }

    public required double NodeProcessors { get; init; }

    public required double DatabaseProcessors { get; init; }

    public required double LogFlushes { get; init; }

    public required double LogBandwidth { get; init; }

    /// <summary>Part of the time of all lanes that they waited for rows of totals.</summary>
    public required double RowWaits { get; init; }

    /// <summary>How full groups were, of the most that they can be.</summary>
    public double GroupFill => GroupRecords / Figures.GroupRecords;

    /// <summary>Whether it kept up: what arrived was answered.</summary>
    public bool KeepsUp => AnsweredPerSecond >= ArrivedPerSecond * 0.97;

    /// <summary>Databases that one request has to do with one after the other's answer: its latency is that of the slowest.</summary>
    public double PartsOfRequest => Cluster.HasGroupsOfOneDatabase ? Cluster.DatabasesOfRequest(Figures.RequestRecords) : 1;

    /// <summary>
    /// The latency that so large a part of whole requests stays below, in seconds. Where a request's records go to several
    /// databases it is done with the slowest of them, taken to be independent.
    /// </summary>
    public double RequestQuantile(double part) => Latency.Quantile(Math.Pow(part, 1 / PartsOfRequest));

    /// <summary>The resource that is used the most, with its part. Flushes are shared by who waits for one, so they bound nothing.</summary>
    public (string Name, double Part) Busiest => new (string Name, double Part)[]
    {
        ("nodes' processors", NodeProcessors),
        ("databases' processors", DatabaseProcessors),
        ("bandwidth of the log", LogBandwidth),
        ("groups in flight", GroupFill),
        ("rows of totals", RowWaits),
    }.MaxBy(resource => resource.Part);
}
