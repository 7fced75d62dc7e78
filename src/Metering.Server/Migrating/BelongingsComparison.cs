using Metering.Ledger;

namespace Metering.Server;

/// <summary>Compares what two copies of a ledger have beside usage. Of secrets it says that they differ, never what they are.</summary>
/// <param name="tell">Told of each difference.</param>
internal sealed class BelongingsComparison(Action<string> tell)
{
    /// <summary>Compares everything.</summary>
    public void Compare(LedgerBelongings ours, LedgerBelongings theirs)
    {
        if (ours.Catalog.Version != theirs.Catalog.Version)
            tell($"The catalog has version {ours.Catalog.Version} in the source and {theirs.Catalog.Version} in the target.");
        Compare("object of the catalog", Objects(ours), Objects(theirs));
        Compare("signing key", Keys(ours), Keys(theirs));
        Compare("revocation", Revocations(ours), Revocations(theirs));
        Compare("correction", Corrections(ours), Corrections(theirs));
        Compare("replay", Replays(ours), Replays(theirs));
        Compare("place in the feed", Consumers(ours), Consumers(theirs));
        if (ours.DroppedRejections != theirs.DroppedRejections)
            tell($"{ours.DroppedRejections} rejected records were dropped in the source and {theirs.DroppedRejections} in the target.");
        if (ours.HighWaterUnixNanoseconds != theirs.HighWaterUnixNanoseconds)
            tell($"The clock stood at {ours.HighWaterUnixNanoseconds} ns in the source and at {theirs.HighWaterUnixNanoseconds} ns in the target.");
        if (ours.AdminToken != theirs.AdminToken)
            tell("The admin token is another in the target.");
    }

    private static IEnumerable<(string, string)> Objects(LedgerBelongings belongings) => belongings.Catalog.Objects.Select(
        stored => ($"{stored.Object.Kind} {stored.Object.Id}", $"{stored.Key} {stored.Retired} {CatalogBodies.Write(stored.Object)}"));

    private static IEnumerable<(string, string)> Keys(LedgerBelongings belongings) => belongings.SigningKeys.Select(
        key => (key.Id, $"{key.CreatedAt.UtcTicks} {Convert.ToHexString(key.PrivateKey)}"));

    private static IEnumerable<(string, string)> Revocations(LedgerBelongings belongings) => belongings.Revocations.Select(
        token => (token.TokenId, $"{token.ExpiresAt.UtcTicks}"));

    private static IEnumerable<(string, string)> Corrections(LedgerBelongings belongings) => belongings.Corrections.Select(
        correction => ($"{correction.Step} of {RecordUuid.Format(correction.RecordUuid)}", correction.ToString()));

    private static IEnumerable<(string, string)> Replays(LedgerBelongings belongings) => belongings.Replays.Select(
        replay => ($"{replay.RequestId}", replay.ToString()));

    private static IEnumerable<(string, string)> Consumers(LedgerBelongings belongings) => belongings.Consumers.Select(
        consumer => ($"{consumer.Name} of scope '{consumer.Scope}'", consumer.ToString()));

    private void Compare(string what, IEnumerable<(string Name, string Value)> ours, IEnumerable<(string Name, string Value)> theirs)
    {
        Dictionary<string, string> there = theirs.ToDictionary(one => one.Name, one => one.Value, StringComparer.Ordinal);
        foreach ((string name, string value) in ours)
        {
            if (!there.Remove(name, out string? other))
                tell($"The {what} {name} is not in the target.");
            else if (other != value)
                tell($"The {what} {name} is another in the target.");
        }

        foreach (string name in there.Keys)
            tell($"The {what} {name} is in the target and not in the source.");
    }
}
