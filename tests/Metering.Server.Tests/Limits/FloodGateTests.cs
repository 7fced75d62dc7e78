using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Bounds = Metering.Ledger.Limits;

namespace Metering.Server.Tests;

/// <summary>What becomes of a client that floods the server with HTTP/2 frames, and of its neighbours.</summary>
public class FloodGateTests
{
    private const byte Ping = 6;
    private const byte Ack = 1;

    [Fact]
    public async Task A_flood_ends_its_connection_and_its_address_has_to_pause()
    {
        await using RunningServer server = await RunningServer.StartAsync();
        IPEndPoint grpc = server.Server.Facts.Listening.Grpc!;
        await using RawConnection neighbour = await RawConnection.OpenHttp2Async(grpc);
        await AnswersPingAsync(neighbour);

        await using RawConnection flooding = await RawConnection.OpenHttp2Async(grpc);
        await FloodAsync(flooding);
        await flooding.ReadToEndAsync();

        // Another connection of the same address stays, and has a budget of its own.
        await AnswersPingAsync(neighbour);

        // A new one has to wait, whatever the listener.
        await using (RawConnection early = await RawConnection.OpenAsync(server.Server.Facts.Listening.Http!))
            Assert.Equal("", await early.ReadToEndAsync());

        server.Time.Now += Bounds.FloodPause;
        await using RawConnection late = await RawConnection.OpenAsync(server.Server.Facts.Listening.Http!);
        await late.SendAsync("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.Equal("HTTP/1.1 200 OK", await late.ReadLineAsync());
    }

    [Fact]
    public async Task No_more_addresses_are_remembered_than_allowed()
    {
        var gate = new FloodGate(TimeProvider.System, Bounds.FloodPause);
        for (int number = 0; number <= Bounds.PausedAddresses; number++)
            gate.Pause(ConnectionGate.NetworkOf(new IPEndPoint(AddressOf(number), 5000)));
        Assert.Equal(Bounds.PausedAddresses, gate.Paused);

        // One that has to pause is not served; one that is not remembered is.
        Assert.False(await IsAdmittedAsync(gate, AddressOf(0)));
        Assert.True(await IsAdmittedAsync(gate, AddressOf(Bounds.PausedAddresses)));
    }

    private static IPAddress AddressOf(int number) => new([10, (byte)(number >> 16), (byte)(number >> 8), (byte)number]);

    private static async Task<bool> IsAdmittedAsync(FloodGate gate, IPAddress address)
    {
        bool isAdmitted = false;
        await using var connection = new DefaultConnectionContext { RemoteEndPoint = new IPEndPoint(address, 5000) };
        await gate.AdmitAsync(connection, _ =>
        {
            isAdmitted = true;
            return Task.CompletedTask;
        });
        return isAdmitted;
    }

    // More than the budget, and what comes back meanwhile: until the server has had enough.
    private static async Task FloodAsync(RawConnection connection)
    {
        try
        {
            while (true)
                await connection.SendFrameAsync(Ping, Ack, 0, new byte[8]);
        }
        catch (Exception fault) when (fault is IOException or SocketException)
        {
            // Closed.
        }
    }

    private static async Task AnswersPingAsync(RawConnection connection)
    {
        await connection.SendFrameAsync(Ping, 0, 0, "are you?"u8.ToArray());
        Assert.Equal("are you?"u8.ToArray(), (await connection.ReadFrameAsync(Ping)).Payload);
    }
}
