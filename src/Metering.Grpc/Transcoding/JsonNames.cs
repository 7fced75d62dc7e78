using System.Collections.Concurrent;
using System.Collections.Frozen;
using Google.Protobuf.Reflection;

namespace Metering.Grpc;

/// <summary>The names by which JSON may call a message's fields: lowerCamelCase (or <c>json_name</c>) and as declared.</summary>
internal static class JsonNames
{
    private static readonly ConcurrentDictionary<MessageDescriptor, FrozenDictionary<string, FieldDescriptor>> Known = new();

    public static FrozenDictionary<string, FieldDescriptor> Of(MessageDescriptor message) => Known.GetOrAdd(message, static message =>
    {
        IList<FieldDescriptor> fields = message.Fields.InDeclarationOrder();
        Dictionary<string, FieldDescriptor> names = fields.ToDictionary(field => field.Name, StringComparer.Ordinal);
        foreach (FieldDescriptor field in fields)
            names[field.JsonName] = field;
        return names.ToFrozenDictionary(StringComparer.Ordinal);
    });
}
