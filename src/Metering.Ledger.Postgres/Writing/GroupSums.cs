using System.Numerics;
using System.Runtime.InteropServices;

namespace Metering.Ledger.Postgres;

/// <summary>What one group adds to the hourly totals and to the counts of rejections.</summary>
internal sealed class GroupSums
{
    private readonly Dictionary<(int Owner, int Sku, long Hour), (Int128 Quantity, long Records)> _totals = [];
    private readonly Dictionary<(int Owner, Verdict Reason, long Hour), long> _rejections = [];

    /// <summary>Forgets everything that was added.</summary>
    public void Clear()
    {
        _totals.Clear();
        _rejections.Clear();
    }

    /// <summary>Adds an accepted record, in the hour of its timestamp.</summary>
    public void AddAccepted(int owner, in UsageRecord record)
    {
        long hour = HourRange.HourOf(record.TimestampUnixNanoseconds);
        ref (Int128 Quantity, long Records) total = ref CollectionsMarshal.GetValueRefOrAddDefault(_totals, (owner, record.SkuKey, hour), out _);
        total.Quantity += record.Quantity;
        total.Records++;
    }

    /// <summary>Adds a rejected record, in the hour of the server's clock.</summary>
    public void AddRejected(int owner, Verdict reason, long receivedUnixNanoseconds) =>
        CollectionsMarshal.GetValueRefOrAddDefault(_rejections, (owner, reason, HourRange.HourOf(receivedUnixNanoseconds)), out _)++;

    /// <summary>The totals, sorted by key; null when there are none.</summary>
    public TotalColumns? Totals()
    {
        if (_totals.Count == 0)
            return null;
        var columns = new TotalColumns(_totals.Count);
        int row = 0;
        foreach (((int owner, int sku, long hour), (Int128 quantity, long records)) in _totals.OrderBy(total => total.Key))
        {
            (columns.Owners[row], columns.Skus[row], columns.Hours[row]) = (owner, sku, hour);
            (columns.Quantities[row], columns.Records[row]) = ((BigInteger)quantity, records);
            row++;
        }

        return columns;
    }

    /// <summary>The counts of rejections, sorted by key; null when there are none.</summary>
    public RejectionColumns? Rejections()
    {
        if (_rejections.Count == 0)
            return null;
        var columns = new RejectionColumns(_rejections.Count);
        int row = 0;
        foreach (((int owner, Verdict reason, long hour), long records) in _rejections.OrderBy(count => count.Key))
        {
            (columns.Owners[row], columns.Reasons[row], columns.Hours[row], columns.Records[row]) = (owner, (short)reason, hour, records);
            row++;
        }

        return columns;
    }
}
