using System.Collections.Frozen;

namespace Metering.Grpc;

/// <summary>All that a server serves. Immutable; checked when it is made.</summary>
public sealed class RpcServices
{
    private readonly FrozenDictionary<string, RpcMethod> _byPath;

    /// <summary>Takes the services together.</summary>
    /// <exception cref="ArgumentException">
    /// A method of a service has no handler, or a service or a REST path is there twice; every fault is named.
    /// </exception>
    /// <exception cref="FormatException">A <c>google.api.http</c> option makes no sense for its method.</exception>
    public RpcServices(IReadOnlyList<RpcService> services)
    {
        Services = services;
        List<string> faults =
        [
            .. services.SelectMany(service => service.Descriptor.Methods
                .Where(declared => !service.UnservedMethods.Contains(declared.Name))
                .Where(declared => service.Methods.All(method => method.Descriptor != declared))
                .Select(declared => $"{declared.FullName} has no handler")),
            .. services.GroupBy(service => service.Descriptor.FullName)
                .Where(group => group.Count() > 1)
                .Select(group => $"{group.Key} is registered {group.Count()} times"),
        ];
        if (faults.Count > 0)
            throw new ArgumentException(string.Join("; ", faults), nameof(services));
        Rest = new RestTable(services.SelectMany(service => service.Methods));
        _byPath = services.SelectMany(service => service.Methods).ToFrozenDictionary(method => method.Path, StringComparer.Ordinal);
    }

    /// <summary>The services, in the order given.</summary>
    public IReadOnlyList<RpcService> Services { get; }

    internal RestTable Rest { get; }

    internal RpcMethod? FindByPath(string path) => _byPath.GetValueOrDefault(path);
}
