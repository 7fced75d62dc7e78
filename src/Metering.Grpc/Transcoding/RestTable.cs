using System.Collections.Frozen;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Metering.Grpc;

/// <summary>A route for a request, with the values of its path's variables.</summary>
internal readonly record struct RestMatch(RestRoute? Route, IReadOnlyList<string> Values, string? Allow)
{
    /// <summary>The path is known, with this HTTP method or with others.</summary>
    public bool IsKnownPath => Route is not null || Allow is not null;
}

/// <summary>Every REST path that is served: those without variables in a frozen table, the others in order of narrowness.</summary>
internal sealed class RestTable
{
    private readonly FrozenDictionary<string, RestRoute[]> _literal;
    private readonly RestRoute[] _patterns;

    /// <exception cref="ArgumentException">Two methods claim one path, or a binding is faulty; every fault is named.</exception>
    public RestTable(IEnumerable<RpcMethod> methods)
    {
        RestRoute[] routes = [.. methods.SelectMany(RestRoute.Of)];
        List<string> faults = [.. routes.GroupBy(route => (route.HttpMethod, route.Template.Text))
            .Where(group => group.Count() > 1)
            .Select(group => $"{group.Key.HttpMethod} {group.Key.Text} is claimed {group.Count()} times")];
        if (faults.Count > 0)
            throw new ArgumentException(string.Join("; ", faults), nameof(methods));
        _literal = routes.Where(route => route.Template.IsLiteral)
            .GroupBy(route => route.Template.Text, StringComparer.Ordinal)
            .ToFrozenDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal);
        _patterns = [.. routes.Where(route => !route.Template.IsLiteral).OrderByDescending(route => route.Template.Specificity)];
    }

    public RestMatch Find(HttpRequest request)
    {
        List<string>? others = null;
        if (_literal.TryGetValue(request.Path.Value ?? "", out RestRoute[]? literal))
        {
            foreach (RestRoute route in literal)
            {
                if (route.HttpMethod == request.Method)
                    return new(route, [], null);
                (others ??= []).Add(route.HttpMethod);
            }
        }

        if (_patterns.Length > 0)
        {
            string[] segments = RawSegments(request);
            foreach (RestRoute route in _patterns)
            {
                if (route.Template.Match(segments) is not { } values)
                    continue;
                if (route.HttpMethod == request.Method)
                    return new(route, values, null);
                (others ??= []).Add(route.HttpMethod);
            }
        }

        return new(null, [], others is null ? null : string.Join(", ", others.Distinct().Order(StringComparer.Ordinal)));
    }

    // Undecoded, so that an encoded '/' is part of a value and not between two.
    private static string[] RawSegments(HttpRequest request)
    {
        string? target = request.HttpContext.Features.Get<IHttpRequestFeature>()?.RawTarget;
        string path = target is ['/', ..] ? target : request.Path.Value ?? "";
        int query = path.IndexOf('?');
        return (query < 0 ? path : path[..query]).TrimStart('/').Split('/');
    }
}
