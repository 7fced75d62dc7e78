namespace Metering.Ledger.Sqlite.Tests;

/// <summary>The files of an index in a test.</summary>
internal static class IndexFiles
{
    /// <summary>Every file in the index's folder, sorted.</summary>
    public static string[] Of(string ledger) =>
        Directory.Exists(ledger + ".index") ? [.. Directory.EnumerateFiles(ledger + ".index").Order(StringComparer.Ordinal)] : [];

    /// <summary>Waits until the index of an open store is as it should become, and the writer has taken that over.</summary>
    public static async Task WaitAsync(TestStore store, Func<IndexFigures, bool> isAsItShould)
    {
        while (!isAsItShould(store.Store.IndexFigures))
        {
            await Task.Delay(5, TestStore.Stop);
            Assert.Equal(LedgerAnswer.Committed, await store.Ledger.WriteAsync(store.Request([1_000_000], dryRun: true)));
        }
    }

    /// <summary>Copies a ledger as a crash would leave it. The index comes first: it never knows more than the ledger.</summary>
    public static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to + ".index");
        foreach (string file in Of(from))
            File.Copy(file, Path.Combine(to + ".index", Path.GetFileName(file)));
        File.Copy(from, to);
        if (File.Exists(from + "-wal"))
            File.Copy(from + "-wal", to + "-wal");
    }

    /// <summary>The records 1 to <paramref name="last"/>, and no more, are counted, and each is a duplicate.</summary>
    public static async Task AssertCountedAsync(SqliteStore store, TestStore test, int last)
    {
        LedgerVerification verification = await store.Ledger.VerifyAsync(TestStore.Stop);
        Assert.Empty(verification.Differences);
        Assert.Equal(last, verification.Records);
        for (int id = 1; id <= last; id += 25)
        {
            UsageWrite write = test.Request([.. Enumerable.Range(id, Math.Min(25, last - id + 1)).Select(number => (RecordSpec)number)]);
            Assert.Equal(LedgerAnswer.Committed, await store.Ledger.WriteAsync(write));
            Assert.All(write.Records.ToArray(), record => Assert.Equal(Verdict.Duplicate, record.Verdict));
        }

        UsageWrite other = test.Request([last + 1_000_000], dryRun: true);
        Assert.Equal(LedgerAnswer.Committed, await store.Ledger.WriteAsync(other));
        Assert.Equal(Verdict.Accepted, other.Records[0].Verdict);
    }
}
