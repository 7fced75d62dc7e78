namespace Metering.Server;

/// <summary>HOST or HOST:PORT, as clients know the server.</summary>
internal static class AdvertisedEndpoint
{
    /// <summary>The host; an IPv6 address keeps its brackets if it has any.</summary>
    public static string WithoutPort(string endpoint)
    {
        int colon = endpoint.LastIndexOf(':');
        bool isBareAddress = colon != endpoint.IndexOf(':') && !endpoint.Contains(']');
        return isBareAddress || colon <= endpoint.LastIndexOf(']') ? endpoint : endpoint[..colon];
    }
}
