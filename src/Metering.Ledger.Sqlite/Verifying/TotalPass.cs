using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Metering.Ledger.Sqlite;

/// <summary>The hourly totals that one pass of a verification looks at: a share of all, so that they fit into memory.</summary>
internal sealed class TotalPass(int pass, int passes, Action<string> tell)
{
    private const int RunningSums = 256; // a power of 2

    private readonly Dictionary<Key, Sum> _sums = [];
    private readonly Running[] _running = new Running[RunningSums]; // neighbouring records mostly belong to few totals

    /// <summary>Takes up a total as the ledger has it, if it is one of this pass.</summary>
    public void AddStored(in HourTotal total)
    {
        if (!IsOfThisPass(total.OwnerKey, total.SkuKey, total.Hour))
            return;
        ref Sum sum = ref CollectionsMarshal.GetValueRefOrAddDefault(_sums, new Key(total.OwnerKey, total.SkuKey, total.Hour), out _);
        (sum.Stored, sum.StoredRecords) = (total.Quantity, total.Records);
    }

    /// <summary>Adds what records give, if it belongs to a total of this pass.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // a verification is half over before the runtime would have come to it
    public void AddCounted(int owner, int sku, long hour, Int128 quantity, long records)
    {
        ref Running running = ref _running[((owner * 31) + sku + (int)hour) & (RunningSums - 1)];
        if (running.Owner != owner || running.Sku != sku || running.Hour != hour)
        {
            Settle(ref running);
            (running.Owner, running.Sku, running.Hour) = (owner, sku, hour);
        }

        running.Quantity += quantity;
        running.Records += records;
    }

    /// <summary>Tells of each total that is not the sum of its records, once all were added.</summary>
    public void Compare()
    {
        foreach (ref Running running in _running.AsSpan())
            Settle(ref running);
        foreach ((Key key, Sum sum) in _sums)
        {
            if (sum.Stored == sum.Computed && sum.StoredRecords == sum.ComputedRecords)
                continue;
            DateTimeOffset start = DateTimeOffset.UnixEpoch.AddHours(key.Hour);
            tell($"The total of owner {key.Owner}, SKU {key.Sku}, hour {key.Hour} ({start:yyyy-MM-dd HH}:00Z) is "
                + $"{sum.Stored} in {sum.StoredRecords} records, but the records give {sum.Computed} in {sum.ComputedRecords}.");
        }
    }

    private void Settle(ref Running running)
    {
        if (running.Records == 0)
            return;
        if (IsOfThisPass(running.Owner, running.Sku, running.Hour))
        {
            ref Sum sum = ref CollectionsMarshal.GetValueRefOrAddDefault(_sums, new Key(running.Owner, running.Sku, running.Hour), out _);
            sum.Computed += running.Quantity;
            sum.ComputedRecords += running.Records;
        }

        (running.Quantity, running.Records) = (0, 0);
    }

    private bool IsOfThisPass(int owner, int sku, long hour) => passes == 1 || (uint)HashCode.Combine(owner, sku, hour) % (uint)passes == pass;

    private struct Sum
    {
        public Int128 Stored;
        public Int128 Computed;
        public long StoredRecords;
        public long ComputedRecords;
    }

    private struct Running
    {
        public Int128 Quantity;
        public long Records;
        public long Hour;
        public int Owner;
        public int Sku;
    }

    private readonly record struct Key(int Owner, int Sku, long Hour);
}
