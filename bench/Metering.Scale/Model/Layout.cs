namespace Metering.Scale;

/// <summary>How records find their database, and what one group commit touches.</summary>
internal enum Layout
{
    /// <summary>One primary takes everything.</summary>
    Single,

    /// <summary>As the store is today on Citus: every group is spread over all databases and committed in two phases.</summary>
    Spread,

    /// <summary>Not built: each node keeps a queue for each database; a group, with its totals, is of one database.</summary>
    PerDatabase,

    /// <summary>Not built: as before, but records are handed to the few nodes that write to their database.</summary>
    Routed,
}

/// <summary>What goes wrong in the middle of a run.</summary>
internal enum Failure
{
    None,

    /// <summary>A node vanishes with everything it was doing; senders repeat what was not answered, elsewhere.</summary>
    NodeLost,

    /// <summary>A database's primary vanishes; after the failover time its standby is the primary.</summary>
    PrimaryLost,

    /// <summary>One database does everything several times slower, from the start.</summary>
    SlowDatabase,
}
