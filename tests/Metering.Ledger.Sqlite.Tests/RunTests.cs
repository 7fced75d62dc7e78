namespace Metering.Ledger.Sqlite.Tests;

/// <summary>The parts of the index by themselves: table, filter, run file, merge.</summary>
public sealed class RunTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("metering-run-");

    private string LedgerFile => Path.Combine(_directory.FullName, "ledger.db");

    private string IndexFolder => LedgerFile + ".index";

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_table_answers_as_a_plain_one_does_and_forgets_what_is_taken_back(int seed)
    {
        var random = new Random(seed);
        using var table = new KeyTable(10, isSoonFull: false);
        var model = new Dictionary<UInt128, long>();
        table.Clear(firstBatch: 5);
        for (int batch = 5; batch < 300; batch++)
        {
            var added = new List<(UInt128 Key, long Slot)>();
            table.Reserve(40);
            for (int count = random.Next(40); count > 0; count--)
            {
                // At the end of the range, too, where a search goes on at the table's beginning.
                UInt128 key = random.Next(3) == 0 ? UInt128.MaxValue - (UInt128)random.Next(2000) : Key(random.Next(1, 2000));
                long slot = table.Add(key, batch);
                Assert.Equal(!model.ContainsKey(key) && added.TrueForAll(other => other.Key != key), slot >= 0);
                if (slot >= 0)
                    added.Add((key, slot));
            }

            if (random.Next(3) == 0)
            {
                for (int last = added.Count - 1; last >= 0; last--)
                    table.TakeBack(added[last].Slot);
                Assert.All(added, key => Assert.Equal(0, table.BatchOf(key.Key)));
            }
            else
            {
                foreach ((UInt128 key, long _) in added)
                    model.Add(key, batch);
            }

            Assert.Equal(model.Count, table.Count);
        }

        Assert.All(model, entry => Assert.Equal(entry.Value, table.BatchOf(entry.Key)));
        Assert.Equal(model.OrderBy(entry => entry.Key).Select(entry => new IndexEntry(entry.Key, entry.Value)), All(table.Sorted()));
        table.Clear(firstBatch: 1);
        Assert.Empty(All(table.Sorted()));
        Assert.All(model.Keys, key => Assert.Equal(0, table.BatchOf(key)));
    }

    [Fact]
    public void Keys_of_uuids_differ_and_are_uniform_whatever_the_uuids_are()
    {
        byte[] secret = new byte[UuidKeys.SecretBytes];
        new Random(1).NextBytes(secret);
        var keys = new UuidKeys(secret);
        Assert.Equal(UInt128.Zero, keys.KeyOf(UInt128.Zero));
        Func<ulong, UInt128>[] patterns =
        [
            id => id,
            id => (UInt128)id << 64,
            id => (UInt128)id << 100,
            id => new UInt128(0x0199_0000_0000_7000 + (id << 20), 0x8000_0000_0000_0000 | (id * 3)),
        ];
        foreach (Func<ulong, UInt128> pattern in patterns)
        {
            HashSet<UInt128> all = [.. Enumerable.Range(1, 64_000).Select(id => keys.KeyOf(pattern((ulong)id)))];
            Assert.Equal(64_000, all.Count);
            Assert.DoesNotContain(UInt128.Zero, all);
            int[] places = new int[64];
            foreach (UInt128 key in all)
                places[(int)(key >> 122)]++;
            Assert.All(places, count => Assert.InRange(count, 700, 1300)); // 1000 expected, deviation 31
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(1000)]
    [InlineData(300_000)]
    public void A_filter_lets_every_key_of_its_own_through_and_few_others(int count)
    {
        IndexEntry[] entries = Entries(count, seed: 1);
        using var filter = new RunFilter(count);
        foreach (IndexEntry entry in entries)
            filter.Add(entry.Key);
        filter.Finish();
        Assert.All(entries, entry => Assert.True(filter.MayContain((ulong)(entry.Key >> 64))));
        int mistakes = Entries(200_000, seed: 2).Count(entry => filter.MayContain((ulong)(entry.Key >> 64)));
        Assert.InRange(mistakes, 0, 300); // about 85 are expected
    }

    [Fact]
    public void A_filter_for_keys_that_are_not_uniform_at_all_still_misses_none()
    {
        IndexEntry[] entries = [.. Enumerable.Range(1, 5000).Select(id => new IndexEntry((UInt128)id, 1))];
        using var filter = new RunFilter(entries.Length);
        foreach (IndexEntry entry in entries)
            filter.Add(entry.Key);
        filter.Finish();
        Assert.All(entries, entry => Assert.True(filter.MayContain((ulong)(entry.Key >> 64))));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(192)]
    [InlineData(193)]
    [InlineData(50_000)] // nine bits of chunks
    public void A_run_finds_its_keys_with_their_batches_and_no_others(int count)
    {
        IndexEntry[] entries = Entries(count, seed: 3, batches: 70_000);
        Run run = Write(entries, firstBatch: 1, lastBatch: 70_000);
        run.Release();
        run = RunFile.Open(FileOf(run));
        UInt128[] asked = [.. entries.Select(entry => entry.Key).Concat(Entries(count, seed: 4).Select(entry => entry.Key))];
        new Random(5).Shuffle(asked);
        long[] found = new long[asked.Length];
        var search = new RunSearch();
        search.Find(run, asked, found);
        Dictionary<UInt128, long> model = entries.ToDictionary(entry => entry.Key, entry => entry.Batch);
        Assert.Equal(asked.Select(key => model.GetValueOrDefault(key)), found);
        Assert.Equal(count, search.Found);
        Assert.Equal(entries, All(new RunCursor(run)));
        run.Release();
    }

    [Theory]
    [InlineData(2, 10)]
    [InlineData(3, 2000)]
    [InlineData(8, 5000)]
    public void Merged_runs_are_one_with_the_keys_of_all(int runs, int count)
    {
        IndexEntry[][] parts = [.. Enumerable.Range(0, runs).Select(part => Entries(count, seed: part + 10, firstBatch: (part * 10) + 1))];
        List<Run> sources = [.. parts.Select((part, number) => Write(part, (number * 10) + 1, (number * 10) + 10))];
        using var merge = new RunMerge(new RunFolder(LedgerFile, Guid.Empty), sources);
        while (merge.Step(100))
        {
        }

        Run merged = merge.Finish(null);
        Assert.Equal(parts.SelectMany(part => part).OrderBy(entry => entry.Key), All(new RunCursor(merged)));
        Assert.Equal((1, runs * 10, runs * (long)count), (merged.Header.FirstBatch, merged.Header.LastBatch, merged.Header.Entries));
        Assert.Equal(new FileInfo(merged.Path).Length, merged.Header.FileBytes);
        merged.Release();
        sources.ForEach(source => source.Release());
    }

    [Fact]
    public void Runs_with_batches_missing_between_them_never_become_one_which_would_claim_to_cover_those()
    {
        List<Run> sources = [Write(Entries(5, seed: 1), 1, 10), Write(Entries(5, seed: 2, firstBatch: 12), 12, 21)];
        Assert.Throws<InvalidDataException>(() => new RunMerge(new RunFolder(LedgerFile, Guid.Empty), sources));
        sources.ForEach(source => source.Release());
    }

    // The bytes on disk: whoever changes them gives them a new version.
    [Fact]
    public void The_encoding_of_a_run_is_frozen()
    {
        Run run = Write(
            [new(new UInt128(1, 2), 7), new(new UInt128(0x8000_0000_0000_0000, 3), 9), new(new UInt128(0x8000_0000_0000_0000, 4), 300)],
            firstBatch: 7,
            lastBatch: 300);
        run.Release();
        Assert.Equal(Frozen, Convert.ToHexStringLower(File.ReadAllBytes(FileOf(run))));
    }

    [Fact]
    public void Every_flipped_bit_and_every_shortening_of_a_run_is_found_before_it_can_give_an_answer()
    {
        IndexEntry[] entries = Entries(250, seed: 6);
        Run run = Write(entries, firstBatch: 1, lastBatch: 10);
        run.Release();
        string file = FileOf(run);
        byte[] sound = File.ReadAllBytes(file);
        UInt128[] asked = [.. entries.Select(entry => entry.Key)];
        Assert.True(Answers(file, asked));
        for (int bit = 0; bit < sound.Length * 8; bit += 3) // each byte at two or three of its bits
        {
            byte[] flipped = [.. sound];
            flipped[bit / 8] ^= (byte)(1 << (bit % 8));
            File.WriteAllBytes(file, flipped);
            Assert.False(Answers(file, asked), $"bit {bit} of {sound.Length * 8}");
        }

        for (int length = 0; length < sound.Length; length += 11)
        {
            File.WriteAllBytes(file, sound[..length]);
            Assert.False(Answers(file, asked), $"{length} of {sound.Length} bytes");
        }

        File.WriteAllBytes(file, [.. sound, 0]);
        Assert.False(Answers(file, asked));
    }

    [Fact]
    public void Entries_that_are_out_of_order_or_too_few_never_become_a_run()
    {
        var folder = new RunFolder(LedgerFile, Guid.Empty);
        using (RunWriter writer = folder.Write(new RunHeader(default, 1, 1, 0, 2)))
        {
            writer.Add(new IndexEntry(5, 1));
            Assert.Throws<InvalidDataException>(() => writer.Add(new IndexEntry(5, 1)));
            Assert.Throws<InvalidDataException>(() => writer.Finish(null));
        }

        Assert.Empty(Directory.EnumerateFiles(IndexFolder));
    }

    [Fact]
    public void Merging_keeps_the_runs_of_each_level_fewer_than_the_fan_in()
    {
        const int FanIn = 4;
        var runs = new List<long>();
        long merged = 0;
        for (int seals = 1; seals <= 4096; seals++)
        {
            runs.Add(100 + (seals % 7));
            for (int first; (first = MergePolicy.Choose(runs.ToArray(), FanIn, 100)) >= 0;)
            {
                long sum = runs.GetRange(first, FanIn).Sum();
                merged += sum;
                runs.RemoveRange(first, FanIn);
                runs.Insert(first, sum);
            }

            Assert.InRange(runs.Count, 1, 6 * (FanIn - 1));
        }

        Assert.InRange(merged / (double)runs.Sum(), 1, 6.1); // log4(4096) = 6
        Assert.Equal(-1, MergePolicy.Choose([100, 0, 100, 100, 100], FanIn, 100)); // one of them is being merged
        Assert.Equal(1, MergePolicy.Choose([3_000_000_000, 2, 2, 2, 2], FanIn, 1));
        Assert.Equal(-1, MergePolicy.Choose([2_000_000_000, 2_000_000_000, 2_000_000_000, 2_000_000_000], FanIn, 1)); // beyond 32 bits
    }

    [Fact]
    public void Runs_of_the_oddest_sizes_stay_few_too()
    {
        var random = new Random(1);
        var runs = new List<long>();
        for (int seals = 0; seals < 3000; seals++)
        {
            runs.Insert(random.Next(runs.Count + 1), random.Next(1, 1_000_000));
            for (int first; (first = MergePolicy.Choose(runs.ToArray(), 4, 100)) >= 0;)
            {
                long sum = runs.GetRange(first, 4).Sum();
                runs.RemoveRange(first, 4);
                runs.Insert(first, sum);
            }

            Assert.InRange(runs.Count, 1, 32);
        }
    }

    // Made by another program from the description in RunHeader.
    private const string Frozen =
        "4d4b544d52554e010000000000000000000000000000000007000000000000002c01000000000000cdab00000300000000000000d7f37d" // header
        + "aa"
        + "0100000000000000020000000000000000000000000000000080030000000000000002000000000000000080040000000000000025018e" // chunk: three entries
        + "ed16d5"
        + "03000000fec2452a" // directory
        + "01000600000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000" // filter: one block
        + "00000000000000000345ceb64e"
        + "ca000000000000009f1622d5"; // footer

    private static bool Answers(string file, UInt128[] asked)
    {
        Run? run = null;
        try
        {
            run = RunFile.Open(file);
            long[] found = new long[asked.Length];
            new RunSearch().Find(run, asked, found);
            Assert.DoesNotContain(0, found);
            return true;
        }
        catch (RunDamageException damage)
        {
            Assert.Contains(file, damage.Message);
            return false;
        }
        finally
        {
            run?.Release();
        }
    }

    private static UInt128 Key(int id) => (UInt128)id * new UInt128(0x9E37_79B9_7F4A_7C15, 0xF39C_C060_5CED_C835);

    private static IndexEntry[] Entries(int count, int seed, int batches = 10, int firstBatch = 1)
    {
        var random = new Random(seed);
        var keys = new SortedSet<UInt128>();
        while (keys.Count < count)
            keys.Add(new UInt128((ulong)random.NextInt64(long.MinValue, long.MaxValue), (ulong)random.NextInt64()));
        return [.. keys.Select(key => new IndexEntry(key, random.Next(firstBatch, firstBatch + batches)))];
    }

    private static List<IndexEntry> All(ISortedEntries entries)
    {
        var all = new List<IndexEntry>();
        while (entries.Next(out IndexEntry entry))
            all.Add(entry);
        return all;
    }

    private Run Write(IEnumerable<IndexEntry> entries, long firstBatch, long lastBatch)
    {
        IndexEntry[] all = [.. entries];
        using RunWriter writer = new RunFolder(LedgerFile, Guid.Empty).Write(new RunHeader(default, firstBatch, lastBatch, 0xABCD, all.Length));
        foreach (IndexEntry entry in all)
            writer.Add(entry);
        return writer.Finish(null);
    }

    private static string FileOf(Run run) => run.Path;
}
