namespace Metering.Ledger.Postgres;

/// <summary>
/// Where the database is and how a node uses it. The relations between the times: a lock is given up
/// (<see cref="LockTime"/>) before the server ends a transaction that a vanished node left open (<see cref="IdleTransactionTime"/>)
/// and before a node stops waiting for an answer (<see cref="AnswerTime"/>), so that who waits for a transaction hears of it first.
/// </summary>
/// <param name="Connection">Npgsql's connection string: <c>Host=…;Database=…;Username=…</c>; several hosts separated by commas.</param>
public sealed record PostgresStoreOptions(string Connection)
{
    /// <summary>Most requests that wait; at least 1.</summary>
    public int QueueRequests { get; init; } = Limits.LedgerQueueRequests;

    /// <summary>Most requests in one group commit; from 1 to <see cref="QueueRequests"/>. Their arrays are sent as one statement.</summary>
    public int GroupRequests { get; init; } = 1024;

    /// <summary>
    /// Groups in flight, each on a connection of its own; from 1 to <see cref="Limits.GroupsInFlightMaximum"/>. While one waits for its
    /// commit the next is written. More than a few only helps a database with many cores or a standby far away.
    /// </summary>
    public int Lanes { get; init; } = Limits.GroupsInFlight;

    /// <summary>Connections for reading, changing the catalog and the like; at least 2.</summary>
    public int OtherConnections { get; init; } = 8;

    /// <summary>
    /// Connections that may still wait for the answer to a commit after everybody in the group heard that its outcome is
    /// unknown; beyond it a lane waits. At least 1.
    /// </summary>
    public int AbandonedConnections { get; init; } = 16;

    /// <summary>Longest time to reach a host; above 0, in full seconds. With several hosts, each.</summary>
    public TimeSpan ConnectTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Longest wait for an answer to a group's statements or to its COMMIT. Nothing is cancelled then (a cancelled COMMIT may be
    /// kept without its standby); the connection is left to itself and the group answered.
    /// </summary>
    public TimeSpan AnswerTime { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Longest wait for a lock that another node's transaction holds.</summary>
    public TimeSpan LockTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Time after which the database ends a transaction whose node says nothing any more.</summary>
    public TimeSpan IdleTransactionTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time between two looks at what other nodes changed; a notification of the database comes sooner. Also how soon an outage is seen.</summary>
    public TimeSpan WatchInterval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Time between two looks for new records while somebody waits for them, whoever does on this node.</summary>
    public TimeSpan FeedInterval { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Longest time for one reading of totals, or for a change of the catalog.</summary>
    public TimeSpan ReadTime { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Times that a group is tried again after a deadlock or a serialization failure.</summary>
    public int Retries { get; init; } = 8;

    /// <summary>Longest wait before the first of these; it doubles with each, and a random part of it is waited.</summary>
    public TimeSpan RetryTime { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>How long rejected records are kept, and how many.</summary>
    public RejectedKeeping Rejections { get; init; } = RejectedKeeping.Default;

    /// <summary>Serves although the database may forget commits that it confirmed: an operator's decision.</summary>
    public bool IsUnsafeCommitAllowed { get; init; }

    /// <summary>
    /// Writes the rows of duplicates once more before they are answered. Needed where rows are spread over several logs
    /// (Citus, where it is on by itself); elsewhere the group's own commit proves them durable.
    /// </summary>
    public bool AreDuplicatesRewritten { get; init; }

    /// <summary>Groups without a duplicate, in a row, before a lane sends one in a single round trip; 0 for none.</summary>
    internal int GroupsBeforeOneTrip { get; init; } = 8;

    /// <summary>Asks the database to say when something changes; off for the tests of engines that cannot.</summary>
    internal bool IsListening { get; init; } = true;

    /// <summary>Where waits before a retry and for answers take their time from; the ledger's clock may stand still in tests.</summary>
    internal TimeProvider Waits { get; init; } = TimeProvider.System;

    /// <summary>Most connections of one node.</summary>
    internal int Connections => Lanes + OtherConnections + AbandonedConnections + 1; // and the one that watches

    /// <summary>Throws when an option is out of its range; all faults together.</summary>
    internal void Check()
    {
        var faults = new List<string>();
        if (QueueRequests < 1)
            faults.Add($"the queue must hold at least 1 request, not {QueueRequests}");
        if (GroupRequests < 1 || GroupRequests > QueueRequests)
            faults.Add($"a group must hold 1 to {QueueRequests} requests, not {GroupRequests}");
        if (Lanes is < 1 or > Limits.GroupsInFlightMaximum)
            faults.Add($"1 to {Limits.GroupsInFlightMaximum} groups can be in flight, not {Lanes}");
        if (OtherConnections < 2 || AbandonedConnections < 1)
            faults.Add($"{OtherConnections} other and {AbandonedConnections} abandoned connections are too few");
        if (ConnectTime < TimeSpan.FromSeconds(1) || WatchInterval <= TimeSpan.Zero || FeedInterval <= TimeSpan.Zero || ReadTime <= TimeSpan.Zero
            || RetryTime <= TimeSpan.Zero)
            faults.Add("times must be positive, and a connection takes a second at least");
        if (LockTime <= TimeSpan.Zero || LockTime > IdleTransactionTime || LockTime > AnswerTime)
        {
            faults.Add($"a lock is waited for {LockTime}, which must be positive and no longer than an idle transaction ({IdleTransactionTime}) "
                + $"or an answer ({AnswerTime})");
        }

        if (Rejections.Age <= TimeSpan.Zero || Rejections.BytesMaximum < 1)
            faults.Add($"rejected records cannot be kept for {Rejections.Age} in {Rejections.BytesMaximum} bytes");
        if (Retries < 0)
            faults.Add($"a group cannot be tried again {Retries} times");
        if (faults.Count > 0)
            throw new StoreException($"The store's options are not usable: {string.Join("; ", faults)}.");
    }
}
