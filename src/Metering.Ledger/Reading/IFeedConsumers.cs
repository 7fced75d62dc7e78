namespace Metering.Ledger;

/// <summary>
/// Places in the feed that are kept under names, for consumers that have no storage of their own. Names of different scopes
/// (whose records are followed, as a text that means nothing to the store) do not meet. What is answered is durable.
/// </summary>
public interface IFeedConsumers
{
    /// <summary>A place; null when none is kept under the name.</summary>
    Task<ConsumerPlace?> FindAsync(string scope, string name, CancellationToken cancellationToken);

    /// <summary>All places of a scope, by name (ordinal); at most <see cref="Limits.FeedConsumers"/>.</summary>
    Task<IReadOnlyList<ConsumerPlace>> ListAsync(string scope, CancellationToken cancellationToken);

    /// <summary>Keeps a place under its name, in one step with looking at the one that was kept.</summary>
    /// <param name="scope">The scope.</param>
    /// <param name="place">The name, the place and the moment. Whether the ledger gave the place is for the caller to ask.</param>
    /// <param name="expected">
    /// The place that must be kept now, where none counts as <see cref="LedgerCursor.Start"/>; null for any. So that of two
    /// consumers that believe to have one name only one goes on.
    /// </param>
    /// <param name="cancellationToken">Gives up, if nothing was begun.</param>
    /// <exception cref="StoreException">The place may or may not be kept; the message says so.</exception>
    Task<ConsumerAnswer> SaveAsync(
        string scope, ConsumerPlace place, LedgerCursor? expected, CancellationToken cancellationToken);

    /// <summary>Forgets a place; false when none was kept.</summary>
    Task<bool> DeleteAsync(string scope, string name, CancellationToken cancellationToken);
}

/// <summary>A place in the feed, kept under a name.</summary>
/// <param name="Name">The name, 1 to <see cref="Limits.ConsumerNameCharacters"/> characters.</param>
/// <param name="Cursor">The place.</param>
/// <param name="SavedUnixNanoseconds">When it was saved, in nanoseconds since 1970-01-01T00:00:00Z.</param>
public sealed record ConsumerPlace(string Name, LedgerCursor Cursor, long SavedUnixNanoseconds);

/// <summary>What became of a place that was to be kept.</summary>
public enum ConsumerOutcome
{
    /// <summary>It is kept.</summary>
    Saved,

    /// <summary>Another place is kept than was expected; it stays.</summary>
    Conflict,

    /// <summary>The scope has <see cref="Limits.FeedConsumers"/> names already, and this is none of them.</summary>
    TooMany,
}

/// <summary>The answer to whoever saves a place.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="Kept">The place that is kept under the name now; <see cref="LedgerCursor.Start"/> when none is.</param>
public readonly record struct ConsumerAnswer(ConsumerOutcome Outcome, LedgerCursor Kept);
