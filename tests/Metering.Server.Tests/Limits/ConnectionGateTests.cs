using System.Net;

namespace Metering.Server.Tests;

/// <summary>How many connections there may be: in all, and from one address.</summary>
public class ConnectionGateTests
{
    private const string Request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

    [Fact]
    public async Task One_connection_too_many_is_closed_unanswered_and_there_is_room_again_when_another_ends()
    {
        await using RunningServer server = await RunningServer.StartAsync(options => options.Connections = 2);
        IPEndPoint rest = server.Server.Facts.Listening.Http!;
        RawConnection first = await AdmittedAsync(rest);
        await using RawConnection second = await AdmittedAsync(rest);

        await using (RawConnection third = await RawConnection.OpenAsync(rest))
            Assert.Equal("", await third.ReadToEndAsync());
        await using (RawConnection grpc = await RawConnection.OpenAsync(server.Server.Facts.Listening.Grpc!))
            Assert.Equal("", await grpc.ReadToEndAsync()); // the listeners are counted together

        await first.DisposeAsync();
        await using RawConnection next = await AdmittedAsync(rest);
    }

    [Fact]
    public async Task One_address_has_no_more_connections_than_its_share()
    {
        await using RunningServer server = await RunningServer.StartAsync(options => options.ConnectionsPerAddress = 1);
        IPEndPoint rest = server.Server.Facts.Listening.Http!;
        await using RawConnection first = await AdmittedAsync(rest);
        await using RawConnection second = await RawConnection.OpenAsync(rest);
        Assert.Equal("", await second.ReadToEndAsync());
    }

    [Fact]
    public void Another_address_is_let_in_when_one_has_its_share_and_nothing_is_remembered_of_who_left()
    {
        var gate = new ConnectionGate(maximum: 3, maximumPerAddress: 2);
        Assert.NotNull(gate.TryEnter(1));
        Assert.NotNull(gate.TryEnter(1));
        Assert.Null(gate.TryEnter(1));
        Assert.NotNull(gate.TryEnter(2));
        Assert.Null(gate.TryEnter(3));
        Assert.Equal((3, 2), (gate.Open, gate.Networks));
        gate.Leave(1);
        gate.Leave(1);
        gate.Leave(2);
        Assert.Equal((0, 0), (gate.Open, gate.Networks));
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1", true)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("2001:db8:1:1::1", "2001:db8:1:1:ffff::2", true)]
    [InlineData("2001:db8:1:1::1", "2001:db8:1:2::1", false)]
    [InlineData("127.0.0.1", "::1", false)]
    public void An_IPv4_address_counts_for_itself_and_an_IPv6_address_with_its_64_network(string one, string other, bool isSame) =>
        Assert.Equal(isSame, NetworkOf(one) == NetworkOf(other));

    private static ulong NetworkOf(string address) => ConnectionGate.NetworkOf(new IPEndPoint(IPAddress.Parse(address), 5000));

    // Whoever left may not be counted out yet: tries until it is let in.
    private static async Task<RawConnection> AdmittedAsync(IPEndPoint endPoint)
    {
        while (true)
        {
            RawConnection connection = await RawConnection.OpenAsync(endPoint);
            try
            {
                await connection.SendAsync(Request);
                if (await connection.ReadLineAsync() is { Length: > 0 } line)
                {
                    Assert.Equal("HTTP/1.1 200 OK", line);
                    return connection;
                }
            }
            catch (IOException)
            {
                // Closed while it was sent.
            }

            await connection.DisposeAsync();
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }
}
