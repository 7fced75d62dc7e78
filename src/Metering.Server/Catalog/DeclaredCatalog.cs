using Metering.Ledger;

namespace Metering.Server;

/// <summary>An object of a catalog file, with its place in it.</summary>
/// <param name="Object">The object; a key without <c>created_at</c> has <see cref="DateTimeOffset.MinValue"/>.</param>
/// <param name="Node">Where it stands.</param>
internal sealed record Declaration(CatalogObject Object, MappingNode Node);

/// <summary>A catalog file without faults, in the order of the kinds and then of the file.</summary>
/// <param name="Declarations">Every object.</param>
internal sealed record DeclaredCatalog(IReadOnlyList<Declaration> Declarations);

/// <summary>How kinds of object are called in front of people.</summary>
internal static class CatalogKindNames
{
    /// <summary>The kind's name.</summary>
    public static string Of(CatalogKind kind) => kind switch
    {
        CatalogKind.Publisher => "publisher",
        CatalogKind.Product => "product",
        CatalogKind.Sku => "sku",
        CatalogKind.Customer => "customer",
        CatalogKind.ProductInstance => "product instance",
        CatalogKind.ServiceAccount => "service account",
        CatalogKind.AuthorizedKey => "authorized key",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };
}
