using System.Runtime.CompilerServices;

namespace Metering.Load;

/// <summary>
/// Number of records by verdict: at 0 the accepted ones, at 1 to 7 the rejected ones by the wire's number of the reason,
/// at 8 those rejected without a known reason.
/// </summary>
[InlineArray(Kinds)]
internal struct VerdictCounts
{
    public const int Kinds = 9;
    public const int Accepted = 0;
    public const int Duplicate = 1;
    public const int Unknown = 8;

    private long _first;

    /// <summary>Names as on the wire, in the order of the counts.</summary>
    public static readonly IReadOnlyList<string> Names =
    [
        "ACCEPTED", "DUPLICATE", "EXPIRED", "INVALID_TIMESTAMP", "INVALID_SKU_ID", "INVALID_PRODUCT_ID", "INVALID_QUANTITY",
        "INVALID_ID", "REASON_UNSPECIFIED",
    ];

    /// <summary>Records with any verdict.</summary>
    public readonly long Total
    {
        get
        {
            long total = 0;
            foreach (long count in this)
                total += count;
            return total;
        }
    }

    public void Add(in VerdictCounts other)
    {
        for (int kind = 0; kind < Kinds; kind++)
            this[kind] += other[kind];
    }
}
