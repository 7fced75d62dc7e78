namespace Metering.Server;

/// <summary>HOST or HOST:PORT, as clients know the server.</summary>
internal static class AdvertisedEndpoint
{
    /// <summary>
    /// HOST:PORT that SDKs are told to call. The first requests come while the last listener is still being bound: until
    /// then the ports are the configured ones.
    /// </summary>
    /// <param name="options">What was configured.</param>
    /// <param name="bound">What was bound; null until that is known.</param>
    public static string Of(ServerOptions options, ListenAddresses? bound)
    {
        bound ??= new ListenAddresses(options.ListenHttp, options.ListenGrpc, options.ListenHttps);
        return options.Advertise ?? $"localhost:{(bound.Https ?? bound.Grpc ?? bound.Http)!.Port}";
    }

    /// <summary>The host; an IPv6 address keeps its brackets if it has any.</summary>
    public static string WithoutPort(string endpoint)
    {
        int colon = endpoint.LastIndexOf(':');
        bool isBareAddress = colon != endpoint.IndexOf(':') && !endpoint.Contains(']');
        return isBareAddress || colon <= endpoint.LastIndexOf(']') ? endpoint : endpoint[..colon];
    }
}
