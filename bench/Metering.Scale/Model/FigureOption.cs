namespace Metering.Scale;

/// <summary>A figure that the command line can set.</summary>
/// <param name="Name">Name of the option, without hyphens.</param>
/// <param name="What">What it is, with its unit.</param>
/// <param name="Origin">Where its default comes from.</param>
/// <param name="Least">Least that it can be.</param>
/// <param name="Most">Most that it can be.</param>
/// <param name="Get">Reads it.</param>
/// <param name="Set">Sets it.</param>
internal sealed record FigureOption(
    string Name, string What, string Origin, double Least, double Most, Func<Figures, double> Get, Func<Figures, double, Figures> Set)
{
    private const string Measured = "measured", Assumed = "assumed", Store = "the store's";

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<FigureOption> All =
    [
        new("node-us", "processor time of a node for a record, µs", Measured, 0, 1e4,
            figures => figures.NodeMicrosecondsPerRecord, (figures, value) => figures with { NodeMicrosecondsPerRecord = value }),
        new("node-group-us", "of a node for a group, µs", Measured, 0, 1e5,
            figures => figures.NodeMicrosecondsPerGroup, (figures, value) => figures with { NodeMicrosecondsPerGroup = value }),
        new("database-us", "processor time of a database for a record, µs", Measured, 0.001, 1e4,
            figures => figures.DatabaseMicrosecondsPerRecord, (figures, value) => figures with { DatabaseMicrosecondsPerRecord = value }),
        new("total-us", "of a database for a row of totals, µs", Measured, 0, 1e4,
            figures => figures.DatabaseMicrosecondsPerTotal, (figures, value) => figures with { DatabaseMicrosecondsPerTotal = value }),
        new("transaction-us", "of a database for a transaction, µs", Measured, 0, 1e5,
            figures => figures.DatabaseMicrosecondsPerTransaction, (figures, value) => figures with { DatabaseMicrosecondsPerTransaction = value }),
        new("log-bytes", "log of a record, bytes", Measured, 0, 1e5,
            figures => figures.LogBytesPerRecord, (figures, value) => figures with { LogBytesPerRecord = value }),
        new("flush-ms", "a flush of the log, ms", Measured, 0, 1e3,
            figures => figures.FlushMilliseconds, (figures, value) => figures with { FlushMilliseconds = value }),
        new("log-mb", "what a disk takes of the log, MB/s", Assumed, 1, 1e5,
            figures => figures.LogMegabytesPerSecond, (figures, value) => figures with { LogMegabytesPerSecond = value }),
        new("round-trip-ms", "there and back between machines, ms", Assumed, 0, 1e3,
            figures => figures.RoundTripMilliseconds, (figures, value) => figures with { RoundTripMilliseconds = value }),
        new("replication-ms", "what a commit waits for its standby, ms (median)", Assumed, 0, 1e3,
            figures => figures.ReplicationMilliseconds, (figures, value) => figures with { ReplicationMilliseconds = value }),
        new("replication-spread", "standard deviation of the logarithm of that", Assumed, 0, 2,
            figures => figures.ReplicationSpread, (figures, value) => figures with { ReplicationSpread = value }),
        new("coordinator-us", "Citus: processor time for handing a record on, µs", Assumed, 0, 1e4,
            figures => figures.CoordinatorMicrosecondsPerRecord, (figures, value) => figures with { CoordinatorMicrosecondsPerRecord = value }),
        new("forward-us", "routed: processor time of nodes for handing a record on, µs", Assumed, 0, 1e4,
            figures => figures.ForwardMicrosecondsPerRecord, (figures, value) => figures with { ForwardMicrosecondsPerRecord = value }),
        new("node-cores", "processors of a node", Assumed, 1, 256,
            figures => figures.NodeCores, (figures, value) => figures with { NodeCores = (int)value }),
        new("database-cores", "processors of a database", Assumed, 1, 256,
            figures => figures.DatabaseCores, (figures, value) => figures with { DatabaseCores = (int)value }),
        new("lanes", "groups in flight of a node", Store, 1, 64,
            figures => figures.Lanes, (figures, value) => figures with { Lanes = (int)value }),
        new("group-requests", "most requests in a group", Store, 1, 1e5,
            figures => figures.GroupRequests, (figures, value) => figures with { GroupRequests = (int)value }),
        new("node-numbers", "shares of a total", Store, 1, 32767,
            figures => figures.NodeNumbers, (figures, value) => figures with { NodeNumbers = (int)value }),
        new("request-records", "records in a request", Assumed, 1, 25,
            figures => figures.RequestRecords, (figures, value) => figures with { RequestRecords = (int)value }),
        new("total-rows", "owners × SKUs that report at one time", Assumed, 1, 1e9,
            figures => figures.TotalRows, (figures, value) => figures with { TotalRows = (int)value }),
        new("writers", "routed: nodes that write to one database", Assumed, 1, 64,
            figures => figures.Writers, (figures, value) => figures with { Writers = (int)value }),
        new("failover", "from a primary's loss until its standby takes writes, s", Assumed, 0.01, 600,
            figures => figures.FailoverSeconds, (figures, value) => figures with { FailoverSeconds = value }),
        new("retry", "from an answer that does not come until the sender repeats, s", Assumed, 0.01, 600,
            figures => figures.RetrySeconds, (figures, value) => figures with { RetrySeconds = value }),
        new("slow-factor", "how many times slower a slow database is", Assumed, 1, 1e3,
            figures => figures.SlowFactor, (figures, value) => figures with { SlowFactor = value }),
    ];
}
