using Npgsql;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>Tables of a program that knew no order of commits.</summary>
public sealed class OrderUpgradeTests
{
    // As the programs before step 3 send it.
    private const string Insert = """
        INSERT INTO usage_record(
          uuid, owner, sku, quantity, timestamp_unix_nanoseconds, accepted_unix_nanoseconds, account, request, node)
        SELECT md5(i::text)::uuid, 1, 2, 1, 0, 1000000 - (i / 7), 4, md5('a')::uuid, 5 FROM generate_series($1::integer, $2::integer) AS i
        """;

    [Fact]
    public async Task What_was_counted_before_is_told_of_in_the_order_of_its_acceptance()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        await (await MakeOldAsync(place, records: 2500)).DisposeAsync();
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 1);
        List<CountedRecord> told = await Feed.ReadAsync(nodes.First.Store.Records, 300);
        Assert.Equal(2500, told.Count);
        Assert.Equal(told.OrderBy(record => (record.AcceptedUnixNanoseconds, record.Uuid)), told);
        Assert.Equal(1, Assert.Single(await nodes.First.Store.Records.FindAsync([told[0].Uuid], TestLedger.Stop)).Value.OwnerKey);
        LedgerCursor end = await nodes.First.Store.Records.EndAsync(TestLedger.Stop);
        await nodes.First.WriteAsync(1);
        Assert.Equal(new RecordSpec(1).Uuid, Assert.Single(await Feed.ReadAsync(nodes.First.Store.Records, 10, end)).Uuid);
        await nodes.First.AssertSoundAsync();
    }

    [Fact]
    public async Task Programs_that_would_count_without_a_place_in_the_order_are_shut_out_whether_they_start_or_run()
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync();
        await using ConnectionSource old = await MakeOldAsync(place, records: 10);
        await using NpgsqlConnection running = await old.OpenAsync(TestLedger.Stop);
        for (int record = 100; record < 105; record++)
            Assert.Equal(1, await InsertAsync(running, record, record)); // prepared by now, as in a program that runs for long
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape(), 1);
        PostgresException fault = await Assert.ThrowsAsync<PostgresException>(() => InsertAsync(running, 200, 200));
        Assert.Equal(PostgresErrorCodes.UndefinedColumn, fault.SqlState);
        Assert.Equal(FaultKind.Refused, Faults.KindOf(fault)); // such a program answers that nothing was counted
        await Assert.ThrowsAsync<StoreException>(() => SchemaUpgrade.RunAsync(old, Before, place.Options(new StoreShape()), TestLedger.Stop));
        Assert.Equal(15, (await Feed.ReadAsync(nodes.First.Store.Records, 100)).Count);
    }

    private static IReadOnlyList<Migration> Before => [.. Migrations.All.Where(step => step.Version < 3)];

    private static async Task<ConnectionSource> MakeOldAsync(SchemaPlace place, int records)
    {
        PostgresStoreOptions options = place.Options(new StoreShape());
        ConnectionSource source = ConnectionSource.Create(options);
        await SchemaUpgrade.RunAsync(source, Before, options, TestLedger.Stop);
        await using NpgsqlConnection connection = await source.OpenAsync(TestLedger.Stop);
        await InsertAsync(connection, 1, records);
        await using var total = new NpgsqlCommand("INSERT INTO usage_total VALUES(1, 2, 0, 5, $1, $1)", connection);
        total.Parameters.Add(new NpgsqlParameter<int> { TypedValue = records });
        await total.ExecuteNonQueryAsync(TestLedger.Stop);
        return source;
    }

    private static async Task<int> InsertAsync(NpgsqlConnection connection, int first, int last)
    {
        await using var insert = new NpgsqlCommand(Insert, connection);
        insert.Parameters.Add(new NpgsqlParameter<int> { TypedValue = first });
        insert.Parameters.Add(new NpgsqlParameter<int> { TypedValue = last });
        return await insert.ExecuteNonQueryAsync(TestLedger.Stop);
    }
}
