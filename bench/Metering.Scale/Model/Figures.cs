namespace Metering.Scale;

/// <summary>
/// What a record, a group and a wait cost. The defaults of what was measured are those of bench/results/postgres-node.json, which
/// bench/scale-node.sh wrote; what could not be measured on one machine is an assumption, and said to be one in docs/scale.md.
/// </summary>
internal sealed record Figures
{
    /// <summary>Processors of a node's machine.</summary>
    public int NodeCores { get; init; } = 16;

    /// <summary>Processors of a database's machine.</summary>
    public int DatabaseCores { get; init; } = 16;

    /// <summary>Processor time of a node for a record, in requests of <see cref="RequestRecords"/>. Measured.</summary>
    public double NodeMicrosecondsPerRecord { get; init; } = 5.2;

    /// <summary>Processor time of a node for a group, whatever is in it. Measured.</summary>
    public double NodeMicrosecondsPerGroup { get; init; } = 417;

    /// <summary>Processor time of the database for a record in a large group. Measured.</summary>
    public double DatabaseMicrosecondsPerRecord { get; init; } = 7.9;

    /// <summary>Processor time of the database for a row of totals that a group adds to. Measured.</summary>
    public double DatabaseMicrosecondsPerTotal { get; init; } = 7.1;

    /// <summary>Processor time of the database for a transaction, whatever is in it. Measured.</summary>
    public double DatabaseMicrosecondsPerTransaction { get; init; } = 595;

    /// <summary>Bytes of log that a record leaves. Measured.</summary>
    public double LogBytesPerRecord { get; init; } = 235;

    /// <summary>One flush of the log. Measured here; a cloud's network disk takes several times as long.</summary>
    public double FlushMilliseconds { get; init; } = 0.115;

    /// <summary>What a database's disk takes of its log. Assumed.</summary>
    public double LogMegabytesPerSecond { get; init; } = 1000;

    /// <summary>There and back between two machines. Assumed: zones of one region.</summary>
    public double RoundTripMilliseconds { get; init; } = 0.5;

    /// <summary>Median of what a commit waits for its standby. Assumed.</summary>
    public double ReplicationMilliseconds { get; init; } = 1.5;

    /// <summary>Standard deviation of the logarithm of that wait; 0 for always the same. Assumed.</summary>
    public double ReplicationSpread { get; init; } = 0.5;

    /// <summary>Processor time of the database that a spread group is sent to, for handing a record on. Assumed.</summary>
    public double CoordinatorMicrosecondsPerRecord { get; init; } = 2;

    /// <summary>Processor time of nodes for handing a record on to another node and its verdict back. Assumed.</summary>
    public double ForwardMicrosecondsPerRecord { get; init; } = 0.5;

    /// <summary>Groups in flight of a node; where records are routed, of a node and database.</summary>
    public int Lanes { get; init; } = 3;

    /// <summary>Records in a request.</summary>
    public int RequestRecords { get; init; } = 25;

    /// <summary>Most requests in a group.</summary>
    public int GroupRequests { get; init; } = 1024;

    /// <summary>Owners, SKUs and hours that are reported at one time: rows of totals that groups add to.</summary>
    public int TotalRows { get; init; } = 10_000;

    /// <summary>Shares of a total: lanes with the same number, modulo this, write the same rows.</summary>
    public int NodeNumbers { get; init; } = 256;

    /// <summary>Nodes that write to one database where records are routed: enough for a lane for each of its processors.</summary>
    public int Writers { get; init; } = 8;

    /// <summary>From a primary's loss until its standby takes writes. Assumed.</summary>
    public double FailoverSeconds { get; init; } = 15;

    /// <summary>From an answer that does not come until the sender repeats. Assumed.</summary>
    public double RetrySeconds { get; init; } = 1;

    /// <summary>How many times slower a slow database is. Assumed.</summary>
    public double SlowFactor { get; init; } = 5;

    /// <summary>Connections beside the lanes that a node keeps open: for reading, watching and looking.</summary>
    public int OtherConnections { get; init; } = 3;

    /// <summary>Groups in flight that take from one queue. A node with a queue for each database has one each: more would be smaller.</summary>
    public int LanesOf(Layout layout) => layout == Layout.PerDatabase ? 1 : Lanes;

    /// <summary>Most records in a group.</summary>
    public int GroupRecords => GroupRequests * RequestRecords;

    /// <summary>Rows of totals that so many records add to, when every row is as likely as any other.</summary>
    public double TotalsOf(double records) => TotalRows * (1 - Math.Pow(1 - (1.0 / TotalRows), records));
}
