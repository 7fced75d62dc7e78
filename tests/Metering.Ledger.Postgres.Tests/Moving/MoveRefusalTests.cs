using Metering.Server;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>What cannot be moved, or is not the same afterwards, is said in a sentence.</summary>
public sealed class MoveRefusalTests
{
    public static TheoryData<string, string> Tamperings => new()
    {
        { "UPDATE usage_record SET quantity = quantity - 1 WHERE uuid = (SELECT uuid FROM usage_record WHERE quantity > 1 LIMIT 1)", "is another in the target" },
        { "UPDATE usage_record SET request = uuid WHERE uuid = (SELECT uuid FROM usage_record LIMIT 1)", "is another in the target" },
        { "UPDATE usage_record SET account = account + 1 WHERE uuid = (SELECT uuid FROM usage_record LIMIT 1)", "is another in the target" },
        { "DELETE FROM usage_record WHERE uuid = (SELECT uuid FROM usage_record LIMIT 1)", "is not in the target" },
        { "INSERT INTO usage_record SELECT gen_random_uuid(), owner, sku, quantity, timestamp_unix_nanoseconds, 1, 1, request, 0 FROM usage_record LIMIT 1", "the target" },
        { "UPDATE usage_total SET quantity = quantity + 1 WHERE (owner, sku, hour) = (SELECT owner, sku, hour FROM usage_total LIMIT 1)", "The total of owner" },
        { "DELETE FROM usage_total WHERE (owner, sku, hour) = (SELECT owner, sku, hour FROM usage_total LIMIT 1)", "missing in the target" },
        { "INSERT INTO usage_rejection VALUES(99, 1, 1, 0, 1)", "missing in the source" },
        { "UPDATE usage_rejection SET records = records + 1 WHERE (owner, reason, hour) = (SELECT owner, reason, hour FROM usage_rejection LIMIT 1)", "The rejections of owner" },
        { "UPDATE catalog_object SET retired = NOT retired WHERE id = 'gone'", "Publisher gone is another" },
        { "UPDATE catalog_object SET key = 77 WHERE id = 'core-hours'", "Sku core-hours is another" },
        { "DELETE FROM catalog_object WHERE id = 'key-1'", "AuthorizedKey key-1 is not in the target" },
        { "UPDATE shared_version SET version = 9 WHERE name = 'catalog'", "version 2 in the source and 9" },
        { "UPDATE signing_key SET private_key = '\\x00' WHERE id = 'signing-1'", "signing key signing-1 is another" },
        { "UPDATE rejected_record SET quantity = quantity # 1 WHERE id = (SELECT id FROM rejected_record LIMIT 1)", "in the source and others in the target" },
        { "DELETE FROM rejected_record", "in the source and 0 in the target" },
        { "UPDATE rejected_count SET dropped_records = 9", "rejected records were dropped in the source and 9" },
        { "UPDATE rejected_replay SET operator = 'bob'", "is another in the target" },
        { "DELETE FROM feed_consumer", "place in the feed billing of scope 'scope ü' is not in the target" },
        { "DELETE FROM revoked_token", "revocation revoked is not in the target" },
        { "UPDATE ledger_clock SET high_water_unix_nanoseconds = 1", "The clock stood at" },
        { "UPDATE admin_token SET token = 'mma_stolen'", "admin token is another" },
    };

    [Theory]
    [MemberData(nameof(Tamperings))]
    public async Task What_somebody_changes_in_the_target_is_found_and_it_stays_closed(string sql, string said)
    {
        await using SourceLedger source = await SourceLedger.MakeAsync(21, requests: 20);
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        MoveReport report = await Moves.RunAsync(source, place, target => new MortalTarget(target, int.MaxValue, diesAfter: false)
        {
            Furnished = () => place.Server.ExecuteAsync($"SET search_path = {place.Schema}; {sql}"),
        });
        Assert.Contains(report.Differences, difference => difference.Contains(said, StringComparison.Ordinal));
        Assert.DoesNotContain(report.Differences, difference => difference.Contains(source.AdminToken, StringComparison.Ordinal));
        Assert.Contains("cannot be served yet", await Moves.RefusalAsync(place, source.Time));
    }

    [Fact]
    public async Task A_damaged_batch_is_named_and_what_came_before_it_is_kept()
    {
        await using SourceLedger source = await SourceLedger.MakeAsync(22);
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        List<CountedRecord> records = (await source.ReadAsync()).Records;
        CountedRecord last = records.MaxBy(record => record.AcceptedUnixNanoseconds);
        source.Damage(last.Uuid);
        string message = (await Assert.ThrowsAsync<MoveBrokenException>(() => Moves.RunAsync(source, place))).Message;
        Assert.Matches("^Batch [0-9]+ is damaged: its checksum is .* Restore the ledger from a backup", message);
        Assert.Contains("cannot be served yet", await Moves.RefusalAsync(place, source.Time));

        source.Damage(last.Uuid ^ ((UInt128)1 << 120)); // the same bit again: whole as it was
        Assert.Empty((await Moves.RunAsync(source, place)).Differences);
    }

    [Fact]
    public async Task A_database_that_was_served_is_no_target()
    {
        await using SourceLedger source = await SourceLedger.MakeAsync(23, requests: 3);
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        await (await place.OpenAsync(new StoreShape(), source.Time)).DisposeAsync();
        string message = (await Assert.ThrowsAsync<StartException>(() => Moves.RunAsync(source, place))).Message;
        Assert.Contains("is not empty", message);
        await using StoreUnderTest served = await StoreUnderTest.OpenAsync(place, new StoreShape(), source.Time); // as before
        Assert.Empty(await served.RecordsAsync());
    }

    [Fact]
    public async Task The_target_of_one_ledger_takes_no_other_and_no_older_copy()
    {
        await using SourceLedger source = await SourceLedger.MakeAsync(24), other = await SourceLedger.MakeAsync(25, requests: 3);
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        string older = Path.Combine(source.Folder, "older");
        File.Copy(source.LedgerFile, older);
        await source.ServeAsync(20);
        await Assert.ThrowsAsync<DeathException>(() => Moves.RunAsync(
            source, place, target => new MortalTarget(target, int.MaxValue, diesAfter: true) { Furnished = () => throw new DeathException() }));

        Assert.Contains("is the target of another ledger", (await Assert.ThrowsAsync<StartException>(() => Moves.RunAsync(other, place))).Message);
        MigrationOptions options = Moves.Options(source, place) with { From = older };
        Assert.Contains(
            "another copy of it", (await Assert.ThrowsAsync<StartException>(() => Program.MigrateAsync(options, new Moves.Progress(), TestLedger.Stop))).Message);
        Assert.Empty((await Moves.RunAsync(source, place)).Differences); // the right one goes on
    }

    [Fact]
    public async Task A_ledger_that_is_served_or_is_not_there_is_refused()
    {
        await using SourceLedger source = await SourceLedger.MakeAsync(26, requests: 3);
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        await using (await source.OpenAsync())
        {
            string message = (await Assert.ThrowsAsync<StartException>(() => Moves.RunAsync(source, place))).Message;
            Assert.Contains("is locked: another server uses it", message);
        }

        using (new FileStream(Path.Combine(source.Folder, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None))
        {
            string message = (await Assert.ThrowsAsync<StartException>(() => Moves.RunAsync(source, place))).Message;
            Assert.Contains("in use by another server", message);
            Assert.Contains("--from", message);
        }

        string nowhere = Path.Combine(source.Folder, "nowhere");
        StartException missing = await Assert.ThrowsAsync<StartException>(
            () => Program.MigrateAsync(Moves.Options(source, place) with { From = nowhere }, new Moves.Progress(), TestLedger.Stop));
        Assert.Contains($"There is no ledger to move at {nowhere}", missing.Message);
        Assert.False(Path.Exists(nowhere));
    }
}
