namespace Metering.Ledger;

/// <summary>
/// What became of a usage record. The rejections are in order of precedence: a record is judged by the first rule
/// that it breaks. The numbers are stored by ledgers and never change; the wire has its own.
/// </summary>
public enum Verdict : byte
{
    /// <summary>Counted, once, durably.</summary>
    Accepted = 0,

    /// <summary>The uuid is not 8-4-4-4-12 hexadecimal digits, or is the nil or max UUID.</summary>
    InvalidId = 1,

    /// <summary>No such SKU, or it is not active.</summary>
    InvalidSkuId = 2,

    /// <summary>The product is unknown, not active or not metered this way, or the SKU belongs to another product.</summary>
    InvalidProductId = 3,

    /// <summary>A record with this uuid was accepted before, or earlier in this same request.</summary>
    Duplicate = 4,

    /// <summary>Older than the acceptance window.</summary>
    Expired = 5,

    /// <summary>The timestamp is missing, out of protobuf's range, or too far in the future.</summary>
    InvalidTimestamp = 6,

    /// <summary>Zero or negative.</summary>
    InvalidQuantity = 7,
}
