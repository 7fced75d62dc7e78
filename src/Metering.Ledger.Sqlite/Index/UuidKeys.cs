using System.Buffers.Binary;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// Turns uuids into the keys that the index sorts, filters and finds by: a bijection that a secret of the ledger chooses,
/// so that keys are uniform whatever uuids clients make up (time-ordered ones share their beginnings) and nobody can aim
/// at one place. Being a bijection, it loses nothing: equal keys are equal uuids. The nil uuid, nobody's, has the key 0.
/// </summary>
internal sealed class UuidKeys
{
    /// <summary>Bytes of the secret.</summary>
    public const int SecretBytes = 48;

    private readonly UInt128 _offset;
    private readonly UInt128 _firstFactor;
    private readonly UInt128 _secondFactor;
    private readonly UInt128 _keyOfNil;

    /// <summary>Keys of the ledger with this secret.</summary>
    public UuidKeys(ReadOnlySpan<byte> secret)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(secret.Length, SecretBytes);
        _offset = BinaryPrimitives.ReadUInt128LittleEndian(secret);
        _firstFactor = BinaryPrimitives.ReadUInt128LittleEndian(secret[16..]) | 1; // odd, hence invertible
        _secondFactor = BinaryPrimitives.ReadUInt128LittleEndian(secret[32..]) | 1;
        _keyOfNil = Mix(UInt128.Zero);
    }

    /// <summary>The uuid's key; 0 for the nil uuid alone.</summary>
    public UInt128 KeyOf(UInt128 uuid) => Mix(uuid) ^ _keyOfNil;

    // A product's upper bits depend on all bits below them; the shift brings them down, so that the second product's
    // upper bits, which choose the place, depend on every bit of the uuid.
    private UInt128 Mix(UInt128 value)
    {
        value = (value ^ _offset) * _firstFactor;
        value ^= value >> 64;
        return value * _secondFactor;
    }
}
