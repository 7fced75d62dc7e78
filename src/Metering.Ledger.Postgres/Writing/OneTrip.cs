namespace Metering.Ledger.Postgres;

/// <summary>
/// Whether a lane's next group is sent in one round trip, as if none of its records had ever been counted, which is nearly
/// always so and costs the database two thirds as much as to find out. Where it is not so, the database refuses the group as
/// a whole, and it is sent in two. So that this happens seldom, some groups without a duplicate have to come first.
/// </summary>
/// <param name="groupsBefore">How many, in a row; 0 for none.</param>
/// <param name="time">Its clock.</param>
internal sealed class OneTrip(int groupsBefore, TimeProvider time)
{
    // A connection that was silent for longer may have been lost since. With two round trips that is found out before the COMMIT
    // is sent, and the group goes over another connection instead of being answered as unknown.
    private static readonly TimeSpan ProofTime = TimeSpan.FromSeconds(1);

    private int _groups;
    private long _committedAt;

    /// <summary>Whether one is enough for this group: it asks nothing but that its records be counted.</summary>
    public bool IsEnoughFor(Group group) => group is { Candidates: not null, LookUps: null }
        && _groups >= groupsBefore && time.GetElapsedTime(_committedAt) < ProofTime;

    /// <summary>Groups are asked about for a while: one was refused, or a connection was lost, after which senders repeat what they sent.</summary>
    public void Doubt() => _groups = 0;

    /// <summary>A group was committed.</summary>
    /// <param name="hadDuplicates">Some of its records had been counted before.</param>
    public void Committed(bool hadDuplicates)
    {
        _groups = hadDuplicates ? 0 : Math.Min(_groups + 1, groupsBefore);
        _committedAt = time.GetTimestamp();
    }
}
