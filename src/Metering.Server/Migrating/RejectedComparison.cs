using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// Compares the rejected records of two copies of a ledger, which tell them in different orders: for each owner and hour their
/// number and the sum of their hashes, which of other records is another.
/// </summary>
/// <param name="tell">Told of each difference.</param>
internal sealed class RejectedComparison(Action<string> tell)
{
    private readonly Dictionary<Key, Sum> _sums = [];

    /// <summary>Compares all of them; gives how many the source has.</summary>
    public async Task<long> CompareAsync(IAsyncEnumerable<RejectedRecord> ours, IAsyncEnumerable<RejectedRecord> theirs)
    {
        long records = 0;
        await foreach (RejectedRecord record in ours)
        {
            records++;
            Add(record, isOurs: true);
        }

        await foreach (RejectedRecord record in theirs)
            Add(record, isOurs: false);
        foreach ((Key key, Sum sum) in _sums)
        {
            if (sum.OurHashes == sum.TheirHashes && sum.OurRecords == sum.TheirRecords)
                continue;
            tell($"The rejected records of owner {key.OwnerKey}, hour {key.Hour}, are {sum.OurRecords} in the source and "
                + (sum.OurRecords == sum.TheirRecords ? "others in the target." : $"{sum.TheirRecords} in the target."));
        }

        return records;
    }

    private void Add(RejectedRecord record, bool isOurs)
    {
        ref Sum sum = ref CollectionsMarshal.GetValueRefOrAddDefault(
            _sums, new Key(record.OwnerKey, HourRange.HourOf(record.ReceivedUnixNanoseconds)), out _);
        if (isOurs)
            (sum.OurRecords, sum.OurHashes) = (sum.OurRecords + 1, sum.OurHashes + HashOf(record));
        else
            (sum.TheirRecords, sum.TheirHashes) = (sum.TheirRecords + 1, sum.TheirHashes + HashOf(record));
    }

    // Everything that the record says, member by member.
    private static UInt128 HashOf(RejectedRecord record) =>
        BinaryPrimitives.ReadUInt128LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(record.ToString())));

    private readonly record struct Key(int OwnerKey, long Hour);

    private struct Sum
    {
        public long OurRecords;
        public long TheirRecords;
        public UInt128 OurHashes;
        public UInt128 TheirHashes;
    }
}
