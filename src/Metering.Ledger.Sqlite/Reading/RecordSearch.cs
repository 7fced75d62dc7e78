using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// Finds records by uuid. The index says in which batch each is: its newest part, which is the writer's, is asked between two
/// groups, for some microseconds; its runs are searched beside the writer. Then each batch is read once.
/// </summary>
internal sealed class RecordSearch(Writer writer, OpenedIndex index, ReadConnections connections)
{
    private const int TogetherLeast = 8; // so many uuids are looked for in one pass over a batch; fewer, one by one

    /// <summary>See <see cref="IRecordReader.FindAsync"/>.</summary>
    public async Task<IReadOnlyDictionary<UInt128, CountedRecord>> FindAsync(
        IReadOnlyCollection<UInt128> uuids, CancellationToken cancellationToken)
    {
        UInt128[] asked = [.. uuids.Distinct()];
        if (asked.Length == 0)
            return new Dictionary<UInt128, CountedRecord>();
        long[] batches = await FindBatchesAsync(asked, cancellationToken);
        return await Task.Run(() => connections.Read(connection => Read(connection, asked, batches, cancellationToken)), cancellationToken);
    }

    private async Task<long[]> FindBatchesAsync(UInt128[] uuids, CancellationToken cancellationToken)
    {
        UInt128[] keys = Array.ConvertAll(uuids, index.Keys.KeyOf);
        long[] batches = new long[keys.Length];
        await writer.ChangeAsync(
            _ =>
            {
                index.Index.FindRecent(keys, batches);
                return true;
            },
            cancellationToken);
        if (!batches.Contains(0))
            return batches;

        // Afterwards, not before: what leaves the writer's part is in a run by then.
        await Task.Run(() => SearchRuns(keys, batches), cancellationToken);
        return batches;
    }

    private void SearchRuns(UInt128[] keys, long[] batches)
    {
        Run[] runs = index.Keeper.Hold();
        try
        {
            var search = new RunSearch();
            foreach (Run run in runs)
                search.Find(run, keys, batches);
        }
        catch (RunDamageException damage)
        {
            throw new StoreException(damage.Message, damage);
        }
        finally
        {
            foreach (Run run in runs)
                run.Release();
        }
    }

    private static Dictionary<UInt128, CountedRecord> Read(
        ReadConnection connection, UInt128[] uuids, long[] batches, CancellationToken cancellationToken)
    {
        var found = new Dictionary<UInt128, CountedRecord>();
        foreach (IGrouping<long, UInt128> batch in uuids.Zip(batches).Where(pair => pair.Second != 0)
            .GroupBy(pair => pair.Second, pair => pair.First).OrderBy(batch => batch.Key))
        {
            cancellationToken.ThrowIfCancellationRequested();
            UInt128[] wanted = [.. batch];
            try
            {
                connection.Read(batch.Key, (records, body) => Read(batch.Key, records, body, wanted, found));
            }
            catch (StoreException fault) when (fault.IsArchiveAbsent)
            {
                foreach (UInt128 uuid in wanted)
                    found[uuid] = new CountedRecord { Uuid = uuid };
            }
        }

        return found;
    }

    private static bool Read(
        long number, long records, ReadOnlySpan<byte> body, UInt128[] wanted, Dictionary<UInt128, CountedRecord> found)
    {
        var reader = new BatchReader(number, records, body);
        int before = found.Count;
        if (reader.Uuids.IsEmpty)
        {
            while (reader.Next(out CountedRecord record))
            {
                if (wanted.Contains(record.Uuid))
                    found[record.Uuid] = record;
            }
        }
        else
        {
            int passed = 0;
            foreach (int place in PlacesOf(wanted, reader.Uuids))
            {
                reader.Skip(place - passed);
                reader.Next(out CountedRecord record);
                passed = place + 1;
                found[record.Uuid] = record;
            }
        }

        return found.Count - before == wanted.Length
            ? true
            : throw BatchReader.Damage(number, $"it holds {found.Count - before} of {wanted.Length} records that the index finds in it");
    }

    private static List<int> PlacesOf(UInt128[] wanted, ReadOnlySpan<byte> uuids)
    {
        var places = new List<int>(wanted.Length);
        if (wanted.Length < TogetherLeast)
        {
            foreach (UInt128 uuid in wanted)
            {
                if (PlaceOf(uuid, uuids) is var place and >= 0)
                    places.Add(place);
            }

            places.Sort();
            return places;
        }

        var set = new HashSet<UInt128>(wanted);
        for (int place = 0; place < uuids.Length / BatchBody.UuidBytes; place++)
        {
            if (set.Contains(BinaryPrimitives.ReadUInt128BigEndian(uuids[(place * BatchBody.UuidBytes)..])))
                places.Add(place);
        }

        return places;
    }

    // Half a uuid at a time, which the processor compares many of at once.
    private static int PlaceOf(UInt128 uuid, ReadOnlySpan<byte> uuids)
    {
        Span<byte> wanted = stackalloc byte[BatchBody.UuidBytes];
        BinaryPrimitives.WriteUInt128BigEndian(wanted, uuid);
        ulong half = MemoryMarshal.Read<ulong>(wanted);
        ReadOnlySpan<ulong> halves = MemoryMarshal.Cast<byte, ulong>(uuids);
        for (int from = 0; halves[from..].IndexOf(half) is var distance and >= 0; from += distance + 1)
        {
            int place = from + distance;
            if (place % 2 == 0 && uuids.Slice(place * sizeof(ulong), BatchBody.UuidBytes).SequenceEqual(wanted))
                return place / 2;
        }

        return -1;
    }
}
