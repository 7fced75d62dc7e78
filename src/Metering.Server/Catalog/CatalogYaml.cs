using System.Buffers;
using System.Text;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>Writes a stored catalog as a file that applying takes back without a difference.</summary>
internal static class CatalogYaml
{
    // Quotes are spared only where nobody can read anything else into the text.
    private static readonly SearchValues<char> PlainCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._- ()*/");

    private static readonly string[] WordsWithMeaning = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];

    /// <summary>The file's text. What is retired is left out; keys that were registered by themselves are comments.</summary>
    public static string Write(StoredCatalog catalog)
    {
        List<CatalogObject> objects = [.. catalog.Objects.Where(one => !one.Retired).Select(one => one.Object)];
        var yaml = new StringBuilder($"# The catalog at version {catalog.Version}.\nversion: 1\n");
        Section(yaml, "publishers", objects.OfType<Publisher>(), publisher =>
            yaml.Append($"  - id: {Text(publisher.Id)}\n    name: {Text(publisher.Name)}\n"));
        Section(yaml, "customers", objects.OfType<Customer>(), customer => yaml.Append(
            $"  - billing_account: {Text(customer.Id)}\n    name: {Text(customer.Name)}\n"
            + $"    status: {(customer.Suspended ? "suspended" : "active")}\n"));
        ILookup<string, Sku> skus = objects.OfType<Sku>().ToLookup(sku => sku.ProductId);
        Section(yaml, "products", objects.OfType<Product>(), product => Write(yaml, product, skus[product.Id]));
        Section(yaml, "instances", objects.OfType<ProductInstance>(), instance => yaml.Append(
            $"  - id: {Text(instance.Id)}\n    product: {Text(instance.ProductId)}\n"
            + $"    customer: {Text(instance.CustomerId)}\n    active: {Flag(instance.Active)}\n"));
        ILookup<string, AuthorizedKey> keys = objects.OfType<AuthorizedKey>().ToLookup(key => key.ServiceAccountId);
        Section(yaml, "service_accounts", objects.OfType<ServiceAccount>(), account => Write(yaml, account, keys[account.Id]));
        return yaml.ToString();
    }

    private static void Section<TObject>(StringBuilder yaml, string name, IEnumerable<TObject> objects, Action<TObject> write)
    {
        bool any = false;
        foreach (TObject one in objects)
        {
            if (!any)
                yaml.Append(name).Append(":\n");
            any = true;
            write(one);
        }
    }

    private static void Write(StringBuilder yaml, Product product, IEnumerable<Sku> skus)
    {
        yaml.Append($"  - id: {Text(product.Id)}\n    publisher: {Text(product.PublisherId)}\n");
        yaml.Append($"    name: {Text(product.Name)}\n");
        yaml.Append($"    metering: {(product.Metering == ProductKind.Image ? "image" : "instance")}\n");
        yaml.Append($"    active: {Flag(product.Active)}\n");
        foreach ((int index, Sku sku) in skus.Index())
        {
            yaml.Append(index == 0 ? "    skus:\n" : "");
            yaml.Append($"      - id: {Text(sku.Id)}\n        name: {Text(sku.Name)}\n");
            yaml.Append($"        unit: {Text(sku.Unit)}\n        active: {Flag(sku.Active)}\n");
        }
    }

    private static void Write(StringBuilder yaml, ServiceAccount account, IEnumerable<AuthorizedKey> keys)
    {
        yaml.Append($"  - id: {Text(account.Id)}\n    name: {Text(account.Name)}\n");
        yaml.Append(account.PublisherId is { } publisher ? $"    publisher: {Text(publisher)}\n" : "");
        yaml.Append(account.CustomerId is { } customer ? $"    customer: {Text(customer)}\n" : "");
        yaml.Append($"    roles: [{string.Join(", ", account.Roles)}]\n");
        foreach (AuthorizedKey key in keys.Where(key => !key.Declared))
            yaml.Append($"    # Key {key.Id} was registered by itself: applying this file leaves it alone.\n");
        foreach ((int index, AuthorizedKey key) in keys.Where(key => key.Declared).Index())
        {
            yaml.Append(index == 0 ? "    keys:\n" : "");
            yaml.Append($"      - id: {Text(key.Id)}\n        algorithm: {key.Algorithm}\n");
            yaml.Append($"        created_at: {key.CreatedAt.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}\n        public_key: |\n");
            foreach (string line in key.PublicKey.Split('\n', StringSplitOptions.RemoveEmptyEntries))
                yaml.Append($"          {line}\n");
        }
    }

    private static string Flag(bool value) => value ? "true" : "false";

    private static string Text(string value)
    {
        bool isPlain = value.Length > 0 && char.IsAsciiLetter(value[0]) && value[^1] != ' '
            && !value.AsSpan().ContainsAnyExcept(PlainCharacters) && !WordsWithMeaning.Contains(value, StringComparer.OrdinalIgnoreCase);
        string escaped = value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
        return isPlain ? value : $"\"{escaped}\"";
    }
}
