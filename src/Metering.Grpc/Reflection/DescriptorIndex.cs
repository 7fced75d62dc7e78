using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Metering.Grpc;

/// <summary>Every file that the served services reach, by name, by symbol and by extension. Built once, at start.</summary>
internal sealed class DescriptorIndex
{
    private readonly Dictionary<string, FileDescriptor> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FileDescriptor> _bySymbol = new(StringComparer.Ordinal);
    private readonly Dictionary<(string ContainingType, int Number), FileDescriptor> _byExtension = [];

    public DescriptorIndex(IEnumerable<ServiceDescriptor> services)
    {
        foreach (ServiceDescriptor service in services)
            Add(service.File);
    }

    public FileDescriptor? FindFile(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The file that declares a service, method, message, field, oneof, enum, enum value or extension.</summary>
    public FileDescriptor? FindSymbol(string fullName) => _bySymbol.GetValueOrDefault(fullName);

    public FileDescriptor? FindExtension(string containingType, int number) => _byExtension.GetValueOrDefault((containingType, number));

    /// <summary>Numbers of the extensions of a message, in order; null when there is no such message.</summary>
    public IReadOnlyList<int>? ExtensionNumbers(string containingType) => _bySymbol.ContainsKey(containingType)
        ? [.. _byExtension.Keys.Where(key => key.ContainingType == containingType).Select(key => key.Number).Order()]
        : null;

    /// <summary>The file and all that it imports, itself first, each once.</summary>
    public static IReadOnlyList<ByteString> Closure(FileDescriptor file)
    {
        List<FileDescriptor> files = [file];
        for (int index = 0; index < files.Count; index++)
            files.AddRange(files[index].Dependencies.Where(dependency => files.All(known => known.Name != dependency.Name)));
        return [.. files.Select(each => each.SerializedData)];
    }

    private void Add(FileDescriptor file)
    {
        if (!_byName.TryAdd(file.Name, file))
            return;
        foreach (FileDescriptor dependency in file.Dependencies)
            Add(dependency);
        foreach (ServiceDescriptor service in file.Services)
        {
            AddSymbol(service);
            foreach (MethodDescriptor method in service.Methods)
                AddSymbol(method);
        }

        foreach (MessageDescriptor message in file.MessageTypes)
            Add(message);
        foreach (EnumDescriptor enumeration in file.EnumTypes)
            Add(enumeration);
        foreach (FieldDescriptor extension in file.Extensions.UnorderedExtensions)
            AddExtension(extension);
    }

    private void Add(MessageDescriptor message)
    {
        AddSymbol(message);
        foreach (FieldDescriptor field in message.Fields.InDeclarationOrder())
            AddSymbol(field);
        foreach (OneofDescriptor oneof in message.Oneofs)
            AddSymbol(oneof);
        foreach (MessageDescriptor nested in message.NestedTypes)
            Add(nested);
        foreach (EnumDescriptor enumeration in message.EnumTypes)
            Add(enumeration);
        foreach (FieldDescriptor extension in message.Extensions.UnorderedExtensions)
            AddExtension(extension);
    }

    private void Add(EnumDescriptor enumeration)
    {
        AddSymbol(enumeration);

        // By protobuf's rules the values stand beside their enum, not within it.
        string scope = enumeration.FullName[..^enumeration.Name.Length];
        foreach (EnumValueDescriptor value in enumeration.Values)
            _bySymbol.TryAdd(scope + value.Name, enumeration.File);
    }

    private void AddExtension(FieldDescriptor extension)
    {
        AddSymbol(extension);
        _byExtension.TryAdd((extension.ExtendeeType.FullName, extension.FieldNumber), extension.File);
    }

    private void AddSymbol(IDescriptor symbol) => _bySymbol.TryAdd(symbol.FullName, symbol.File);
}
