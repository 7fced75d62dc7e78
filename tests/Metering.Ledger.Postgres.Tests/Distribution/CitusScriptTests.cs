using Npgsql;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>
/// docs/citus.sql against the tables that the store makes. Its functions are stood in for by some that refuse what Citus refuses:
/// a table that is there twice or not at all, a column that is not there, a unique constraint without the distribution column.
/// </summary>
public sealed class CitusScriptTests
{
    private const string StandIns = """
        CREATE TABLE public.placement(name text PRIMARY KEY, placed_by text, placed_with text);
        CREATE FUNCTION public.create_distributed_table(name regclass, placed_by text, colocate_with text DEFAULT 'default') RETURNS void LANGUAGE plpgsql AS $$
        DECLARE place smallint := (SELECT attnum FROM pg_attribute WHERE attrelid = name AND attname = placed_by AND attnum > 0 AND NOT attisdropped);
        BEGIN
          IF place IS NULL THEN RAISE EXCEPTION 'column "%" of relation "%" does not exist', placed_by, name; END IF;
          IF EXISTS (SELECT FROM pg_index WHERE indrelid = name AND indisunique AND NOT place = ANY(indkey)) THEN
            RAISE EXCEPTION 'cannot create constraint on "%": it must include the partition column', name;
          END IF;
          IF EXISTS (SELECT FROM pg_constraint WHERE conrelid = name AND contype IN ('f', 'x')) OR EXISTS (SELECT FROM pg_trigger WHERE tgrelid = name) THEN
            RAISE EXCEPTION 'a foreign key, an exclusion or a trigger of "%" cannot be distributed', name;
          END IF;
          INSERT INTO public.placement VALUES((SELECT relname FROM pg_class WHERE oid = name), placed_by, colocate_with);
        END $$;
        CREATE FUNCTION public.create_reference_table(name regclass) RETURNS void LANGUAGE sql AS $$
          INSERT INTO public.placement SELECT relname, NULL, NULL FROM pg_class WHERE oid = name
        $$;
        """;

    private static readonly string Script = File.ReadAllText(Checkout.PathOf("docs/citus.sql"));

    [Fact]
    public async Task Every_table_of_the_store_has_its_place_and_no_other_table_is_named()
    {
        (PostgresServer server, string database) = await OpenAsync();
        await server.ExecuteAsync(Script, database);

        Assert.Equal(await TablesAsync(server, database), await server.QueryAsync<string[]>("SELECT array_agg(name ORDER BY name) FROM public.placement", database));
        Assert.Equal(
            ["correction by record with usage_record", "feed_consumer by scope with none", "ledger_clock by node with none", "rejected_record by owner with usage_total", "usage_group by writer with none", "usage_record by uuid with none", "usage_rejection by owner with usage_total", "usage_total by owner with none"],
            await server.QueryAsync<string[]>(
                "SELECT array_agg(name || ' by ' || placed_by || ' with ' || placed_with ORDER BY name) FROM public.placement WHERE placed_by IS NOT NULL", database));
    }

    [Fact]
    public async Task A_table_that_the_script_forgets_is_seen()
    {
        (PostgresServer server, string database) = await OpenAsync();
        await server.ExecuteAsync("CREATE TABLE metering.later(id integer PRIMARY KEY)", database);
        await server.ExecuteAsync(Script, database);
        Assert.Contains("later", await TablesAsync(server, database));
        Assert.DoesNotContain("later", await server.QueryAsync<string[]>("SELECT array_agg(name ORDER BY name) FROM public.placement", database));
    }

    [Theory]
    [InlineData("'usage_record', 'uuid'", "'usage_records', 'uuid'", "does not exist")]
    [InlineData("'usage_record', 'uuid'", "'usage_record', 'id'", "does not exist")]
    [InlineData("'usage_record', 'uuid'", "'usage_record', 'owner'", "must include the partition column")]
    [InlineData("create_reference_table('node_number')", "create_reference_table('schema_step')", "placement_pkey")]
    public async Task A_script_that_does_not_fit_the_tables_is_refused(string written, string wrong, string refusal)
    {
        (PostgresServer server, string database) = await OpenAsync();
        Assert.Contains(written, Script);
        PostgresException fault = await Assert.ThrowsAsync<PostgresException>(() => server.ExecuteAsync(Script.Replace(written, wrong), database));
        Assert.Contains(refusal, fault.MessageText);
    }

    // A database of its own, with the tables that the store made and the functions that Citus would bring.
    private static async Task<(PostgresServer Server, string Database)> OpenAsync()
    {
        PostgresServer server = await PostgresServer.SharedAsync();
        string database = await server.CreateDatabaseAsync();
        await (await PostgresStore.OpenAsync(new PostgresStoreOptions(server.Connection(database)), TestLedger.Stop)).DisposeAsync();
        await server.ExecuteAsync(StandIns, database);
        return (server, database);
    }

    private static Task<string[]> TablesAsync(PostgresServer server, string database) => server.QueryAsync<string[]>(
        "SELECT array_agg(tablename::text ORDER BY tablename) FROM pg_tables WHERE schemaname = 'metering'", database);
}
