namespace Metering.Scale;

/// <summary>
/// The fewest machines that carry a rate with their processors and logs used to a part, in closed form. What it leaves out
/// (queues, chance, rows that wait) the simulation adds.
/// </summary>
internal static class CapacityPlanner
{
    /// <summary>How much of a processor or a log is planned to be used.</summary>
    public const double Part = 0.6;

    /// <summary>More databases than anybody would run; a plan that reaches it does not work.</summary>
    public const int MostDatabases = 512;

    private const int Rounds = 50; // until group sizes have settled

    /// <summary>The cluster for a rate.</summary>
    public static Cluster Plan(Layout layout, double recordsPerSecond, Figures figures)
    {
        var cluster = new Cluster(layout, layout == Layout.Routed ? figures.Writers : 2, 1, recordsPerSecond);
        double mostNodes = 20 + (4 * recordsPerSecond * figures.NodeMicrosecondsPerRecord / 1e6 / figures.NodeCores / Part); // more would mostly wait
        while (true)
        {
            if (layout != Layout.Single && cluster.Databases < MostDatabases && DatabaseUseOf(cluster, figures) > Part)
                cluster = cluster with { Databases = cluster.Databases + Math.Max(1, cluster.Databases / 16) };
            else if (cluster.Nodes < mostNodes && (NodeUseOf(cluster, figures) > Part || (layout != Layout.Routed && LaneUseOf(cluster, figures) > Part)))
                cluster = cluster with { Nodes = cluster.Nodes + Math.Max(1, cluster.Nodes / 16) };
            else
                return cluster;
        }
    }

    /// <summary>Whether a cluster carries its rate, if only just.</summary>
    public static bool IsEnough(Cluster cluster, Figures figures) => DatabaseUseOf(cluster, figures) < 0.9 && NodeUseOf(cluster, figures) < 0.9;

    /// <summary>How much of a database is used: its processors or the bandwidth of its log, whichever is more; above 1 it cannot be.</summary>
    public static double DatabaseUseOf(Cluster cluster, Figures figures)
    {
        double each = cluster.RecordsPerSecond / cluster.Databases;
        double processors = each * MicrosecondsPerRecord(cluster, figures, SettledRecords(cluster, figures)) / 1e6 / figures.DatabaseCores;
        return Math.Max(processors, each * figures.LogBytesPerRecord / 1e6 / figures.LogMegabytesPerSecond);
    }

    /// <summary>How much of a node's processors is used.</summary>
    public static double NodeUseOf(Cluster cluster, Figures figures)
    {
        double microseconds = figures.NodeMicrosecondsPerRecord + (figures.NodeMicrosecondsPerGroup / SettledRecords(cluster, figures))
            + (cluster.Layout == Layout.Routed ? figures.ForwardMicrosecondsPerRecord : 0);
        return cluster.RecordsPerSecond / cluster.Nodes * microseconds / 1e6 / figures.NodeCores;
    }

    // A statement runs on one processor of its database: this part of the lanes' time is work that grows with the records, and there
    // have to be enough lanes for it.
    private static double LaneUseOf(Cluster cluster, Figures figures)
    {
        double secondsPerRecord = (Seconds(cluster, figures, figures.GroupRecords) - Seconds(cluster, figures, 1)) / (figures.GroupRecords - 1);
        return cluster.RecordsPerSecond / QueuesOf(cluster, figures) / figures.LanesOf(cluster.Layout) * secondsPerRecord;
    }

    // Groups take what came during the ones before them, until that is as much as was taken.
    private static double SettledRecords(Cluster cluster, Figures figures)
    {
        double lane = cluster.RecordsPerSecond / QueuesOf(cluster, figures) / figures.LanesOf(cluster.Layout);
        double records = figures.RequestRecords;
        for (int round = 0; round < Rounds; round++)
            records = Math.Clamp(lane * Seconds(cluster, figures, records), 1, figures.GroupRecords);
        return records;
    }

    /// <summary>Processor time of all databases together for a record, in groups of so many records.</summary>
    public static double MicrosecondsPerRecord(Cluster cluster, Figures figures, double records)
    {
        bool isTwoPhase = cluster.Layout == Layout.Spread && cluster.Databases > 1;
        double transactions = isTwoPhase ? 1 + (2 * cluster.Databases) : 1; // at the coordinator, and each part with its second phase
        return figures.DatabaseMicrosecondsPerRecord
            + (isTwoPhase ? figures.CoordinatorMicrosecondsPerRecord : 0)
            + (((figures.TotalsOf(records) * figures.DatabaseMicrosecondsPerTotal) + (transactions * figures.DatabaseMicrosecondsPerTransaction)) / records);
    }

    // How long a lane is busy with a group.
    private static double Seconds(Cluster cluster, Figures figures, double records)
    {
        bool isTwoPhase = cluster.Layout == Layout.Spread && cluster.Databases > 1;
        int parts = cluster.Layout == Layout.Spread ? cluster.Databases : 1;
        double work = ((records * figures.DatabaseMicrosecondsPerRecord)
            + (figures.TotalsOf(records) * figures.DatabaseMicrosecondsPerTotal)) / parts;
        double coordinator = isTwoPhase ? records * figures.CoordinatorMicrosecondsPerRecord : 0;
        double staging = ((records * figures.NodeMicrosecondsPerRecord) + figures.NodeMicrosecondsPerGroup) / figures.NodeCores;
        double waits = (isTwoPhase ? 3 : 1) * ((1.5 * figures.FlushMilliseconds) + figures.ReplicationMilliseconds);
        return ((work + coordinator + staging + figures.DatabaseMicrosecondsPerTransaction) / 1e6) + ((waits + (2 * figures.RoundTripMilliseconds)) / 1e3);
    }

    private static double QueuesOf(Cluster cluster, Figures figures) => cluster.Layout switch
    {
        Layout.PerDatabase => (double)cluster.Nodes * cluster.Databases,
        Layout.Routed => (double)Math.Min(figures.Writers, cluster.Nodes) * cluster.Databases,
        _ => cluster.Nodes,
    };
}
