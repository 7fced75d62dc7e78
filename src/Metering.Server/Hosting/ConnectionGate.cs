using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;

namespace Metering.Server;

/// <summary>
/// Counts the connections that are open, in all and by address, and closes one that is too many before a byte of it is
/// read. Its memory is one entry for each address that has a connection open. It hands each connection the counts of what
/// its address holds, as a feature.
/// </summary>
/// <param name="maximum">Most connections in all.</param>
/// <param name="maximumPerAddress">Most connections from one IPv4 address or one IPv6 /64 network, the least that a site is given.</param>
internal sealed class ConnectionGate(int maximum, int maximumPerAddress)
{
    private const int MappedPrefix = 0xFFFF; // marks IPv4 among the networks of IPv6, as ::ffff:0:0/96 does

    private readonly Lock _counting = new();
    private readonly Dictionary<ulong, Entry> _byNetwork = [];
    private readonly InFlight _whole = new(null);
    private int _open;

    /// <summary>Connections open now.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <summary>What all clients hold together.</summary>
    public InFlight Whole => _whole;

    /// <summary>Addresses that have a connection open now.</summary>
    public int Networks
    {
        get
        {
            lock (_counting)
                return _byNetwork.Count;
        }
    }

    /// <summary>Serves a connection, or closes it.</summary>
    public async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        ulong network = NetworkOf(connection.RemoteEndPoint);
        if (TryEnter(network) is not { } inFlight)
        {
            await connection.DisposeAsync();
            return;
        }

        connection.Features.Set(inFlight);

        try
        {
            await next(connection);
        }
        finally
        {
            Leave(network);
        }
    }

    /// <summary>The network that an address is counted under; what has no address is counted together.</summary>
    internal static ulong NetworkOf(EndPoint? endPoint) => NetworkOf((endPoint as IPEndPoint)?.Address);

    /// <summary>The same of an address.</summary>
    internal static ulong NetworkOf(IPAddress? address)
    {
        if (address is null)
            return 0;
        Span<byte> bytes = stackalloc byte[16];
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        address.TryWriteBytes(bytes, out _);
        return address.AddressFamily == AddressFamily.InterNetwork
            ? ((ulong)MappedPrefix << 32) | BinaryPrimitives.ReadUInt32BigEndian(bytes)
            : BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }

    /// <summary>What the address holds; null when there is no room for the connection.</summary>
    internal InFlight? TryEnter(ulong network)
    {
        lock (_counting)
        {
            if (_open >= maximum)
                return null;
            ref Entry entry = ref CollectionsMarshal.GetValueRefOrAddDefault(_byNetwork, network, out _);
            if (entry.Connections >= maximumPerAddress)
                return null; // never a fresh entry: at least one connection per address is allowed
            entry.Connections++;
            _open++;
            return entry.InFlight ??= new InFlight(_whole);
        }
    }

    internal void Leave(ulong network)
    {
        lock (_counting)
        {
            _open--;
            if (--CollectionsMarshal.GetValueRefOrNullRef(_byNetwork, network).Connections == 0)
                _byNetwork.Remove(network);
        }
    }

    private struct Entry
    {
        public int Connections;
        public InFlight? InFlight;
    }
}
