using System.Buffers.Binary;

namespace Metering.Ledger.Sqlite.Tests;

/// <summary>Whatever is written is read; whatever is not what was written is refused by name, or is a batch all the same.</summary>
public sealed class BatchCodecTests
{
    private const int Mutations = 60_000;

    [Fact]
    public void Random_records_are_read_as_they_were_written()
    {
        var writer = new BatchWriter(); // one for all, as in the ledger
        for (int seed = 0; seed < 300; seed++)
        {
            List<UsageWrite> writes = RandomWrites(new Random(seed));
            List<CountedRecord> expected = BatchBodies.RecordsOf(writes);
            Assert.Equal(expected, BatchBodies.Read(seed, expected.Count, BatchBodies.Fill(writer, seed, writes)));
            Assert.Equal(expected, BatchBodies.Read(seed, expected.Count, BatchBodies.Recordwise(seed, writes)));
        }
    }

    [Fact]
    public void The_largest_group_with_the_most_unlike_records_is_read_as_it_was_written()
    {
        var random = new Random(1);
        List<UsageWrite> writes = [.. Enumerable.Range(0, Limits.GroupCommitRequests).Select(_ => BatchBodies.Write(
            random.Next(),
            random.NextInt64(long.MinValue, long.MaxValue),
            [.. Enumerable.Range(0, Limits.RecordsPerWrite).Select(_ => (RandomUuid(random), random.Next(), random.NextInt64(1, long.MaxValue), random.NextInt64(long.MinValue / 4, long.MaxValue / 4)))]))];
        List<CountedRecord> expected = BatchBodies.RecordsOf(writes);
        byte[] row = BatchBodies.Columnar(1, writes);
        Assert.Equal(expected, BatchBodies.Read(1, expected.Count, row));
        Assert.InRange(row.Length, 0, expected.Count * 48);
    }

    [Fact]
    public void Only_accepted_records_are_in_a_batch()
    {
        List<UsageWrite> writes = RandomWrites(new Random(5));
        foreach (UsageWrite write in writes.Where(write => write.RecordCount > 2))
            (write.Records[0].Verdict, write.Records[^1].Verdict) = (Verdict.Duplicate, Verdict.Expired);
        List<CountedRecord> expected = BatchBodies.RecordsOf(writes);
        Assert.NotEqual(writes.Sum(write => write.RecordCount), expected.Count);
        Assert.Equal(expected, BatchBodies.Read(1, expected.Count, BatchBodies.Columnar(1, writes)));
    }

    [Fact]
    public void Nothing_is_allocated_for_a_batch_that_is_not_the_largest_so_far()
    {
        List<UsageWrite> writes = RandomWrites(new Random(9));
        var writer = new BatchWriter();
        Fill();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Fill();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Fill()
        {
            writer.Clear();
            foreach (UsageWrite write in writes)
                writer.Add(write, write.RecordCount);
            writer.Finish(1);
        }
    }

    [Fact]
    public void A_clock_and_whole_seconds_cost_little()
    {
        var random = new Random(3);
        List<UsageWrite> writes = [.. Enumerable.Range(0, 400).Select(request => BatchBodies.Write(
            1_000_000 + random.Next(10),
            BatchBodies.Received + (request * 10_000),
            [.. Enumerable.Range(0, 25).Select(_ => (RandomUuid(random), 2_000_000 + random.Next(10), 1024L * random.Next(1, 64), BatchBodies.Received - (1_000_000_000L * random.Next(60))))]))];
        byte[] row = BatchBodies.Columnar(1, writes);
        Assert.InRange(row.Length / 10_000.0, 16, 19); // 16 of them the uuid
        Assert.True(row.Length < BatchBodies.Recordwise(1, writes).Length * 0.8);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_hostile_body_with_a_sound_checksum_is_read_or_refused_by_name(bool isColumnar)
    {
        int refused = 0, read = 0;
        for (int seed = 0; seed < Mutations; seed++)
        {
            var random = new Random(seed);
            List<UsageWrite> writes = seed % 2 == 0 ? [.. BatchBodies.Samples] : RandomWrites(new Random(seed % 100), most: 4);
            int count = writes.Sum(write => write.RecordCount);
            byte[] body = Mutate(BatchBodies.Unsealed(isColumnar ? BatchBodies.Columnar(5, writes) : BatchBodies.Recordwise(5, writes)), random);
            long promised = random.Next(4) == 0 ? random.Next(0, 4) : count;
            try
            {
                Assert.Equal(promised, BatchBodies.Read(5, promised, BatchBodies.Sealed(5, body)).Count);
                read++;
            }
            catch (StoreException damage)
            {
                Assert.Matches(@"^Batch 5 is damaged: .+\. Restore the ledger from a backup\.$", damage.Message);
                refused++;
            }
        }

        Assert.InRange(refused, Mutations / 4, Mutations);
        Assert.InRange(read, Mutations / 100, Mutations); // or what was tried was never near a batch
    }

    [Fact]
    public void Each_fault_of_a_column_is_told_with_its_place()
    {
        byte[] body = BatchBodies.Unsealed(BatchBodies.Columnar(5, [BatchBodies.Write(7, 0, (1, 3, 5, 0), (2, 4, 6, 9))]));
        const int Columns = BatchBody.HeadBytes + (2 * BatchBody.UuidBytes);
        Assert.Equal(2, BatchBodies.Read(5, 2, BatchBodies.Sealed(5, body)).Count);
        Refused(1, 3, "holds 3 records instead of 2");
        Refused(5, 0, "2 records are of 0 requests");
        Refused(5, 3, "2 records are of 3 requests");
        Refused(Columns, 0, $"0 different keys stand for 1 (byte {Columns + 1}, its owners)");
        Refused(Columns, 2, "2 different keys stand for 1");
        Refused(Columns + 1, 65, $"a width is 65 bits (byte {Columns + 2}, its owners)");
        Refused(Columns + 1, 64, "a unit has number");
        Refused(Columns + 2, 1, "a key is -1");
        Refused(Columns + 4, 1, "a key is number -1 of 1");
        Refused(body.Length - 2, 1, "a unit has number 18");
        Assert.Contains($"it ends 1 bytes too early (byte {body.Length - 1}, its further timestamps)", Fault(body[..^1]));
        Assert.Contains("there are 1 bytes too many", Fault([.. body, 0]));

        void Refused(int place, byte value, string words)
        {
            byte[] changed = [.. body];
            changed[place] = value;
            Assert.Contains(words, Fault(changed));
        }

        static string Fault(byte[] changed) => Assert.Throws<StoreException>(() => BatchBodies.Read(5, 2, BatchBodies.Sealed(5, changed))).Message;
    }

    [Fact]
    public void A_body_that_promises_more_than_it_holds_takes_no_memory()
    {
        byte[] body = BatchBodies.Unsealed(BatchBodies.Columnar(5, BatchBodies.Samples));
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(1), uint.MaxValue);
        BinaryPrimitives.WriteUInt32LittleEndian(body.AsSpan(5), uint.MaxValue);
        byte[] row = BatchBodies.Sealed(5, body);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("too early", Assert.Throws<StoreException>(() => BatchBodies.Read(5, uint.MaxValue, row)).Message);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 100_000);
    }

    private static byte[] Mutate(byte[] body, Random random)
    {
        for (int change = random.Next(0, 6); change > 0; change--)
        {
            if (body.Length < 3)
                return body;

            // Mostly behind the uuids, where any change may mean something.
            int place = random.Next(3) == 0 ? random.Next(body.Length) : Math.Max(0, body.Length - 1 - random.Next(90));
            body = random.Next(6) switch
            {
                0 => [.. body[..place], (byte)random.Next(256), .. body[place..]],
                1 => [.. body[..place], .. body[(place + 1)..]],
                2 => body[..Math.Max(2, place)],
                3 => Set(body, place, (byte)(body[place] ^ (1 << random.Next(8)))),
                4 => Set(body, place, random.Next(2) == 0 ? (byte)0xFF : (byte)0),
                _ => Set(body, place, (byte)random.Next(256)),
            };
        }

        return body;
    }

    private static byte[] Set(byte[] body, int place, byte value)
    {
        body[place] = value;
        return body;
    }

    private static List<UsageWrite> RandomWrites(Random random, int most = 300)
    {
        // How wide each thing is, and of which unit, differs from batch to batch.
        long[] units = [1, 7, 100, 1_000, 1_024, 1_000_000, 1_000_000_000, 3_600_000_000_000];
        long unit = units[random.Next(units.Length)], amounts = units[random.Next(units.Length)];
        int keys = 1 << random.Next(0, 31);
        return [.. Enumerable.Range(0, random.Next(1, most)).Select(_ =>
        {
            long received = BatchBodies.Received + random.NextInt64(0, 1L << random.Next(1, 60));
            UsageWrite write = BatchBodies.Write(
                random.Next(keys),
                received,
                [.. Enumerable.Range(0, random.Next(1, 26)).Select(_ => (
                    RandomUuid(random), random.Next(keys), amounts * random.NextInt64(1, 1L << random.Next(1, 21)), unit * random.NextInt64(-1L << random.Next(1, 20), 1L << random.Next(1, 20))))]);
            write.AccountKey = random.Next(keys);
            write.RequestId = random.Next(2) == 0 ? Guid.Empty : new Guid(random.Next(), 1, (short)random.Next(), 2, 3, 4, 5, 6, 7, (byte)random.Next(256), (byte)random.Next(256));
            return write;
        })];
    }

    private static UInt128 RandomUuid(Random random) => new((ulong)random.NextInt64(), (ulong)random.NextInt64());
}
