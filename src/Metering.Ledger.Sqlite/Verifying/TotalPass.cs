using System.Runtime.InteropServices;

namespace Metering.Ledger.Sqlite;

/// <summary>The hourly totals that one pass of a verification looks at: a share of all, so that they fit into memory.</summary>
internal sealed class TotalPass(int pass, int passes, Action<string> tell)
{
    private readonly Dictionary<Key, Sum> _sums = [];

    /// <summary>Takes up a total as the ledger has it, if it is one of this pass.</summary>
    public void AddStored(in HourTotal total)
    {
        if (!IsOfThisPass(total.OwnerKey, total.SkuKey, total.Hour))
            return;
        ref Sum sum = ref CollectionsMarshal.GetValueRefOrAddDefault(_sums, new Key(total.OwnerKey, total.SkuKey, total.Hour), out _);
        (sum.Stored, sum.StoredRecords) = (total.Quantity, total.Records);
    }

    /// <summary>Adds what records give, if it belongs to a total of this pass.</summary>
    public void AddCounted(int owner, int sku, long hour, Int128 quantity, long records)
    {
        if (!IsOfThisPass(owner, sku, hour))
            return;
        ref Sum sum = ref CollectionsMarshal.GetValueRefOrAddDefault(_sums, new Key(owner, sku, hour), out _);
        sum.Computed += quantity;
        sum.ComputedRecords += records;
    }

    /// <summary>Tells of each total that is not the sum of its records, once all were added.</summary>
    public void Compare()
    {
        foreach ((Key key, Sum sum) in _sums)
        {
            if (sum.Stored == sum.Computed && sum.StoredRecords == sum.ComputedRecords)
                continue;
            DateTimeOffset start = DateTimeOffset.UnixEpoch.AddHours(key.Hour);
            tell($"The total of owner {key.Owner}, SKU {key.Sku}, hour {key.Hour} ({start:yyyy-MM-dd HH}:00Z) is "
                + $"{sum.Stored} in {sum.StoredRecords} records, but the records give {sum.Computed} in {sum.ComputedRecords}.");
        }
    }

    private bool IsOfThisPass(int owner, int sku, long hour) => passes == 1 || (uint)HashCode.Combine(owner, sku, hour) % (uint)passes == pass;

    private struct Sum
    {
        public Int128 Stored;
        public Int128 Computed;
        public long StoredRecords;
        public long ComputedRecords;
    }

    private readonly record struct Key(int Owner, int Sku, long Hour);
}
