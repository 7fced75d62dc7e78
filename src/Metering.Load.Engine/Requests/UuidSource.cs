using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace Metering.Load;

/// <summary>Version of the uuids that records carry (RFC 9562).</summary>
internal enum UuidVersion
{
    /// <summary>122 random bits.</summary>
    V4 = 4,

    /// <summary>48 bits of milliseconds, then 74 random bits.</summary>
    V7 = 7,
}

/// <summary>
/// Makes uuids cheaply: xoshiro256** from a seed of 256 bits. Two sources with seeds of cryptographic quality never meet,
/// so that runs can share a ledger.
/// </summary>
internal sealed class UuidSource
{
    /// <summary>Length of a seed.</summary>
    public const int SeedBytes = 32;

    private readonly UuidVersion _version;
    private readonly ulong[] _state = new ulong[4];

    /// <param name="version">Kind of uuid.</param>
    /// <param name="seed">32 bytes, not all zero.</param>
    public UuidSource(UuidVersion version, ReadOnlySpan<byte> seed)
    {
        _version = version;
        for (int index = 0; index < _state.Length; index++)
            _state[index] = BinaryPrimitives.ReadUInt64LittleEndian(seed[(8 * index)..]);
        if (_state is [0, 0, 0, 0])
            throw new ArgumentException("A seed of zeros yields zeros only.", nameof(seed));
    }

    /// <summary>The seed of one connection's source.</summary>
    /// <param name="run">Number of a run that can be made again; null for a seed of cryptographic quality.</param>
    /// <param name="connection">Number of the connection in the run.</param>
    public static byte[] MakeSeed(long? run, int connection)
    {
        if (run is not { } number)
            return RandomNumberGenerator.GetBytes(SeedBytes);
        Span<byte> named = stackalloc byte[sizeof(long) + sizeof(int)];
        BinaryPrimitives.WriteInt64LittleEndian(named, number);
        BinaryPrimitives.WriteInt32LittleEndian(named[sizeof(long)..], connection);
        return SHA256.HashData(named);
    }

    /// <summary>A uuid that this source never gave before.</summary>
    /// <param name="unixMilliseconds">The time, for version 7.</param>
    public Guid Next(long unixMilliseconds)
    {
        ulong upper = NextBits(), lower = NextBits();
        if (_version == UuidVersion.V7)
            upper = ((ulong)unixMilliseconds << 16) | (upper & 0xFFFF);
        upper = (upper & ~0xF000UL) | ((ulong)_version << 12);
        lower = (lower & ~(3UL << 62)) | (2UL << 62);

        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, upper);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], lower);
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>A number from 0 up to and without <paramref name="limit"/>, each as likely as the other.</summary>
    public int NextBelow(int limit) => (int)(((NextBits() >> 32) * (ulong)limit) >> 32);

    private ulong NextBits()
    {
        ulong result = BitOperations.RotateLeft(_state[1] * 5, 7) * 9;
        ulong carried = _state[1] << 17;
        _state[2] ^= _state[0];
        _state[3] ^= _state[1];
        _state[1] ^= _state[2];
        _state[0] ^= _state[3];
        _state[2] ^= carried;
        _state[3] = BitOperations.RotateLeft(_state[3], 45);
        return result;
    }
}
