using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;

namespace Metering.Server;

/// <summary>
/// Counts the connections that are open, in all and by address, and closes one that is too many before a byte of it is
/// read. Its memory is one entry for each address that has a connection open.
/// </summary>
/// <param name="maximum">Most connections in all.</param>
/// <param name="maximumPerAddress">Most connections from one IPv4 address or one IPv6 /64 network, the least that a site is given.</param>
internal sealed class ConnectionGate(int maximum, int maximumPerAddress)
{
    private const int MappedPrefix = 0xFFFF; // marks IPv4 among the networks of IPv6, as ::ffff:0:0/96 does

    private readonly Lock _counting = new();
    private readonly Dictionary<ulong, int> _byNetwork = [];
    private int _open;

    /// <summary>Connections open now.</summary>
    public int Open => Volatile.Read(ref _open);

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
        if (!TryEnter(network))
        {
            await connection.DisposeAsync();
            return;
        }

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
    internal static ulong NetworkOf(EndPoint? endPoint)
    {
        if (endPoint is not IPEndPoint { Address: { } address })
            return 0;
        Span<byte> bytes = stackalloc byte[16];
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        address.TryWriteBytes(bytes, out _);
        return address.AddressFamily == AddressFamily.InterNetwork
            ? ((ulong)MappedPrefix << 32) | BinaryPrimitives.ReadUInt32BigEndian(bytes)
            : BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }

    internal bool TryEnter(ulong network)
    {
        lock (_counting)
        {
            if (_open >= maximum)
                return false;
            ref int open = ref CollectionsMarshal.GetValueRefOrAddDefault(_byNetwork, network, out _);
            if (open >= maximumPerAddress)
                return false; // never a fresh entry: at least one connection per address is allowed
            open++;
            _open++;
            return true;
        }
    }

    internal void Leave(ulong network)
    {
        lock (_counting)
        {
            _open--;
            if (--CollectionsMarshal.GetValueRefOrNullRef(_byNetwork, network) == 0)
                _byNetwork.Remove(network);
        }
    }
}
