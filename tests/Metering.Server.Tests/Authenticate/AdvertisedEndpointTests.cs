using System.Net;

namespace Metering.Server.Tests;

public sealed class AdvertisedEndpointTests
{
    private readonly ServerOptions _options = new();

    [Fact]
    public void A_request_that_comes_before_the_last_listener_is_bound_hears_the_configured_port()
    {
        Assert.Equal("localhost:8443", AdvertisedEndpoint.Of(_options, bound: null));
        _options.ListenHttps = null;
        Assert.Equal("localhost:8081", AdvertisedEndpoint.Of(_options, bound: null));
        _options.ListenGrpc = null;
        Assert.Equal("localhost:8080", AdvertisedEndpoint.Of(_options, bound: null));
    }

    [Fact]
    public void The_bound_port_is_told_where_any_was_asked_for()
    {
        _options.ListenHttps = new IPEndPoint(IPAddress.Loopback, 0);

        Assert.Equal("localhost:4711", AdvertisedEndpoint.Of(_options, new ListenAddresses(null, null, new IPEndPoint(IPAddress.Loopback, 4711))));
    }

    [Fact]
    public void What_the_operator_advertises_goes_before_every_port()
    {
        _options.Advertise = "metering.example.org:443";

        Assert.Equal("metering.example.org:443", AdvertisedEndpoint.Of(_options, bound: null));
    }
}
