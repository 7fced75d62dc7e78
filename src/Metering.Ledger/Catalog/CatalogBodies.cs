using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Metering.Ledger;

/// <summary>How catalog objects are stored: one JSON object each, readable with any tool.</summary>
public static class CatalogBodies
{
    /// <summary>The object as JSON.</summary>
    public static string Write(CatalogObject value) => JsonSerializer.Serialize(value, TypeOf(value.Kind));

    /// <summary>The object that the JSON means.</summary>
    /// <exception cref="StoreException">It means none.</exception>
    public static CatalogObject Read(long key, CatalogKind kind, string body)
    {
        try
        {
            return (CatalogObject?)JsonSerializer.Deserialize(body, TypeOf(kind)) ?? throw Damage(key, null);
        }
        catch (Exception fault) when (fault is JsonException or NotSupportedException)
        {
            throw Damage(key, fault);
        }
    }

    private static JsonTypeInfo TypeOf(CatalogKind kind) => kind switch
    {
        CatalogKind.Publisher => CatalogJson.Default.Publisher,
        CatalogKind.Product => CatalogJson.Default.Product,
        CatalogKind.Sku => CatalogJson.Default.Sku,
        CatalogKind.Customer => CatalogJson.Default.Customer,
        CatalogKind.ProductInstance => CatalogJson.Default.ProductInstance,
        CatalogKind.ServiceAccount => CatalogJson.Default.ServiceAccount,
        CatalogKind.AuthorizedKey => CatalogJson.Default.AuthorizedKey,
        _ => throw new NotSupportedException($"Kind {(int)kind} is unknown."),
    };

    private static StoreException Damage(long key, Exception? cause) =>
        new($"Object {key} of the catalog is damaged: {cause?.Message ?? "it is empty."} Restore the ledger from a backup.", cause!);
}

/// <summary>The JSON shapes. Members are stored by name: renaming one needs a migration.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    UseStringEnumConverter = true,
    IgnoreReadOnlyProperties = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(Publisher))]
[JsonSerializable(typeof(Product))]
[JsonSerializable(typeof(Sku))]
[JsonSerializable(typeof(Customer))]
[JsonSerializable(typeof(ProductInstance))]
[JsonSerializable(typeof(ServiceAccount))]
[JsonSerializable(typeof(AuthorizedKey))]
internal sealed partial class CatalogJson : JsonSerializerContext;
