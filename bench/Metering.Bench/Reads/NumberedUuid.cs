namespace Metering.Bench;

/// <summary>Uuids that follow from numbers and look random, so that the same records can be made again.</summary>
internal static class NumberedUuid
{
    /// <summary>The uuid of a record's number.</summary>
    public static UInt128 Of(ulong number) => new UInt128(Mix(number), Mix(~number)) | 1;

    // SplitMix64.
    private static ulong Mix(ulong value)
    {
        value += 0x9E37_79B9_7F4A_7C15;
        value = (value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9;
        value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EB;
        return value ^ (value >> 31);
    }
}
