using Metering.Ledger;

namespace Metering.Server;

/// <summary>What becomes of an object.</summary>
public enum CatalogAction
{
    /// <summary>New.</summary>
    Add = 1,

    /// <summary>Some of its fields differ.</summary>
    Change = 2,

    /// <summary>Not declared any more: not active, its records and totals stay.</summary>
    Retire = 3,

    /// <summary>Declared again after it was retired.</summary>
    Restore = 4,
}

/// <summary>A field that differs.</summary>
/// <param name="Field">Its name in the file.</param>
/// <param name="Before">Its value before, as shown to people; empty when there was none.</param>
/// <param name="After">Its value after.</param>
public sealed record FieldDifference(string Field, string Before, string After);

/// <summary>An object that differs between the catalog in force and the one declared.</summary>
/// <param name="Action">What becomes of it.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Id">Its id.</param>
/// <param name="Fields">The fields that differ: all when it is added, none when it is retired.</param>
public sealed record CatalogDifference(CatalogAction Action, CatalogKind Kind, string Id, IReadOnlyList<FieldDifference> Fields)
{
    /// <summary>The kind, as shown to people.</summary>
    public string KindName => CatalogKindNames.Of(Kind);
}

/// <summary>Compares a declared catalog with the stored one: what differs, and what has to be stored to make them equal.</summary>
internal sealed class CatalogComparison
{
    private readonly List<CatalogDifference> _differences = [];
    private readonly List<CatalogPut> _puts = [];

    private CatalogComparison()
    {
    }

    /// <summary>What differs, in the order of the kinds.</summary>
    public IReadOnlyList<CatalogDifference> Differences => _differences;

    /// <summary>What has to be stored to make the two equal.</summary>
    public IReadOnlyList<CatalogPut> Puts => _puts;

    /// <summary>Compares. A change of a field that can never change is a fault, with its place.</summary>
    /// <param name="stored">The catalog in force.</param>
    /// <param name="declared">The catalog as it is to be.</param>
    /// <param name="now">When keys that do not say so were created.</param>
    /// <param name="faults">Takes the faults.</param>
    public static CatalogComparison Compare(StoredCatalog stored, DeclaredCatalog declared, DateTimeOffset now, CatalogFaults faults)
    {
        var comparison = new CatalogComparison();
        var before = stored.Objects.ToDictionary(one => (one.Object.Kind, one.Object.Id));
        var after = declared.Declarations.Select(declaration => (declaration.Object.Kind, declaration.Object.Id)).ToHashSet();
        foreach (Declaration declaration in declared.Declarations)
            comparison.Compare(declaration, before.GetValueOrDefault((declaration.Object.Kind, declaration.Object.Id)), now, faults);
        foreach (StoredObject one in stored.Objects.Where(one => !one.Retired && !after.Contains((one.Object.Kind, one.Object.Id))))
        {
            // A key that was registered by itself is no business of the file, unless its account goes.
            bool isApart = one.Object is AuthorizedKey { Declared: false } key
                && after.Contains((CatalogKind.ServiceAccount, key.ServiceAccountId));
            if (!isApart)
                comparison.Add(CatalogAction.Retire, one.Object, [], retired: true);
        }

        comparison._differences.Sort((one, other) => Rank(one).CompareTo(Rank(other)));
        return comparison;
    }

    private static (CatalogKind Kind, bool IsRetired, string Id) Rank(CatalogDifference difference) =>
        (difference.Kind, difference.Action == CatalogAction.Retire, difference.Id);

    private void Compare(Declaration declaration, StoredObject? before, DateTimeOffset now, CatalogFaults faults)
    {
        CatalogObject after = Completed(declaration.Object, before?.Object, now);
        IReadOnlyList<CatalogField> fields = CatalogField.Of(after);
        if (before is null)
        {
            Add(CatalogAction.Add, after, [.. fields.Select(field => new FieldDifference(field.Name, "", field.Value))], retired: false);
            return;
        }

        IReadOnlyList<CatalogField> fieldsBefore = CatalogField.Of(before.Object);
        var changed = fields.Zip(fieldsBefore).Where(pair => pair.First.Value != pair.Second.Value).ToList();
        foreach ((CatalogField field, CatalogField old) in changed.Where(pair => pair.First.IsFixed))
        {
            string kind = CatalogKindNames.Of(after.Kind);
            faults.Add(
                declaration.Node.PlaceOf(field.Name),
                $"'{field.Name}' of {kind} '{after.Id}' was applied as {Quoted(old.Value)} and cannot become {Quoted(field.Value)}; "
                + $"declare a new {kind} with another id");
        }

        FieldDifference[] differences =
            [.. changed.Select(pair => new FieldDifference(pair.First.Name, pair.Second.Value, pair.First.Value))];
        if (before.Retired)
            Add(CatalogAction.Restore, after, differences, retired: false);
        else if (differences.Length > 0)
            Add(CatalogAction.Change, after, differences, retired: false);
    }

    private void Add(CatalogAction action, CatalogObject subject, IReadOnlyList<FieldDifference> fields, bool retired)
    {
        _differences.Add(new CatalogDifference(action, subject.Kind, subject.Id, fields));
        _puts.Add(new CatalogPut(subject, retired));
    }

    private static CatalogObject Completed(CatalogObject declared, CatalogObject? before, DateTimeOffset now) =>
        declared is not AuthorizedKey key || key.CreatedAt != DateTimeOffset.MinValue ? declared
        : before is AuthorizedKey known ? key with { CreatedAt = known.CreatedAt }
        : key with { CreatedAt = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds()) };

    private static string Quoted(string value) => value.Length == 0 ? "none" : $"'{value}'";
}
