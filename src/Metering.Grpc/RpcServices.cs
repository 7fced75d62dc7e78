using System.Collections.Frozen;

namespace Metering.Grpc;

/// <summary>All that a server serves. Immutable; checked when it is made.</summary>
public sealed class RpcServices
{
    private readonly FrozenDictionary<string, RpcMethod> _byPath;

    /// <summary>Takes the services together.</summary>
    /// <exception cref="ArgumentException">A method of a service has no handler, or a service is there twice; every fault is named.</exception>
    public RpcServices(IReadOnlyList<RpcService> services)
    {
        Services = services;
        List<string> faults =
        [
            .. services.SelectMany(service => service.Descriptor.Methods
                .Where(declared => service.Methods.All(method => method.Descriptor != declared))
                .Select(declared => $"{declared.FullName} has no handler")),
            .. services.GroupBy(service => service.Descriptor.FullName)
                .Where(group => group.Count() > 1)
                .Select(group => $"{group.Key} is registered {group.Count()} times"),
        ];
        if (faults.Count > 0)
            throw new ArgumentException(string.Join("; ", faults), nameof(services));
        _byPath = services.SelectMany(service => service.Methods).ToFrozenDictionary(method => method.Path, StringComparer.Ordinal);
    }

    /// <summary>The services, in the order given.</summary>
    public IReadOnlyList<RpcService> Services { get; }

    internal RpcMethod? FindByPath(string path) => _byPath.GetValueOrDefault(path);
}
