using System.Text;

namespace Metering.Ledger.Sqlite;

/// <summary>An object of the catalog that an archive's records name, so that it can be read without the ledger.</summary>
/// <param name="Key">The number that records name it by.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Body">The object, as the ledger stores it: JSON.</param>
internal sealed record ArchiveName(int Key, CatalogKind Kind, byte[] Body)
{
    /// <summary>The objects with these keys, by key. Keys that the catalog does not know have no name.</summary>
    public static List<ArchiveName> Read(Database database, IEnumerable<int> keys)
    {
        var names = new List<ArchiveName>();
        using Statement row = database.Prepare("SELECT kind, body FROM catalog_object WHERE key = ?1");
        foreach (int key in keys.Order())
        {
            if (row.Bind(1, key).Step())
                names.Add(new ArchiveName(key, (CatalogKind)row.Number(0), Encoding.UTF8.GetBytes(row.Text(1))));
            row.Reset();
        }

        return names;
    }
}
