namespace Metering.Scale;

/// <summary>What is simulated.</summary>
/// <param name="Layout">How records find their database.</param>
/// <param name="Nodes">Nodes that senders reach.</param>
/// <param name="Databases">Databases, each a primary with its standby.</param>
/// <param name="RecordsPerSecond">Records that arrive, in all.</param>
internal sealed record Cluster(Layout Layout, int Nodes, int Databases, double RecordsPerSecond)
{
    /// <summary>Time that is simulated after <see cref="WarmSeconds"/>.</summary>
    public double Seconds { get; init; } = 2;

    /// <summary>Time before that, which is left out of the figures.</summary>
    public double WarmSeconds { get; init; } = 0.25;

    /// <summary>Number that all chance follows from.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>What goes wrong.</summary>
    public Failure Failure { get; init; }

    /// <summary>When it goes wrong, from the start.</summary>
    public double FailureAtSeconds { get; init; } = 0.5;

    /// <summary>Whether nodes and databases share the processors of one machine, as in a measurement.</summary>
    public bool IsOneMachine { get; init; }

    /// <summary>Whether records are sorted to their databases before they are grouped.</summary>
    public bool HasGroupsOfOneDatabase => Layout is Layout.PerDatabase or Layout.Routed;

    /// <summary>Connections that one database has to keep for the nodes' groups and readings.</summary>
    public int ConnectionsPerDatabase(Figures figures) => Layout switch
    {
        // A node's session lives on its coordinator, which opens one of its own to every database.
        Layout.Spread => (Nodes * figures.Lanes) + (int)Math.Ceiling(Nodes * (double)(figures.Lanes + figures.OtherConnections) / Databases),
        Layout.Routed => Math.Min(Nodes, figures.Writers) * (figures.Lanes + figures.OtherConnections),
        _ => Nodes * (figures.LanesOf(Layout) + figures.OtherConnections),
    };

    /// <summary>Databases that a request of so many records has to do with, on average.</summary>
    public double DatabasesOfRequest(int records) => Databases * (1 - Math.Pow(1 - (1.0 / Databases), records));
}
