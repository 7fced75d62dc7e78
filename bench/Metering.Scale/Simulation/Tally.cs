namespace Metering.Scale;

/// <summary>What a run counts, from the end of its warming up.</summary>
internal sealed class Tally
{
    /// <summary>Records that were counted, each for the first and only time.</summary>
    public long Accepted { get; set; }

    /// <summary>Records that were answered, as accepted or as duplicates of an answer that was lost.</summary>
    public long Answered { get; set; }

    /// <summary>Records that were sent again after they had been counted, and answered as duplicates.</summary>
    public long Duplicates { get; set; }

    /// <summary>Groups that were committed, and the records in them.</summary>
    public long Groups { get; set; }

    public long GroupedRecords { get; set; }

    /// <summary>Records whose group was given up, as often as that happened.</summary>
    public long GivenUp { get; set; }

    /// <summary>From a record's arrival to its answer.</summary>
    public LatencySketch Latency { get; } = new();

    /// <summary>Records in the cluster, each time that somebody looked.</summary>
    public double Seen { get; set; }

    public int Looks { get; set; }
}
