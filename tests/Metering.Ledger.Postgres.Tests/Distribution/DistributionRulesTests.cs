namespace Metering.Ledger.Postgres.Tests;

/// <summary>Every statement of the store keeps the rules of the engines that it may be served by.</summary>
public sealed class DistributionRulesTests
{
    [Fact]
    public void Every_statement_is_one_that_the_other_engines_take() =>
        Assert.Empty(SqlOfTheStore.All.SelectMany(statement => DistributionRules.Faults(statement).Select(fault => $"{statement}\n  {fault}")));

    [Fact]
    public void The_statements_are_found()
    {
        // What a group sends, what the schema makes, and what is asked beside: none of it escapes the reading.
        foreach (string begin in new[]
        {
            "WITH counted AS ( INSERT INTO usage_record(", "INSERT INTO usage_record(", "SELECT uuid FROM usage_record", "UPDATE usage_record SET lane", "INSERT INTO usage_group(", "INSERT INTO usage_total(",
            "INSERT INTO usage_rejection(", "INSERT INTO ledger_clock(", "BEGIN", "COMMIT", "ROLLBACK", "CREATE TABLE usage_record(", "CREATE TABLE admin_token(",
            "UPDATE node_number SET", "UPDATE shared_version SET", "INSERT INTO catalog_object(", "INSERT INTO revoked_token", "LISTEN", "NOTIFY",
            "SELECT id FROM schema_lock WHERE id = 1 FOR UPDATE", "SELECT owner, sku, hour, sum(quantity)",
        })
        {
            Assert.Contains(SqlOfTheStore.All, statement => statement.Text.StartsWith(begin, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("SELECT pg_advisory_xact_lock(1)")]
    [InlineData("CREATE TEMP TABLE staged(uuid uuid)")]
    [InlineData("INSERT INTO usage_record(uuid, owner) SELECT gen_random_uuid(), $1")]
    [InlineData("INSERT INTO usage_record(owner, sku) VALUES($1, $2)")]
    [InlineData("INSERT INTO usage_total(owner, sku) VALUES($1, $2) ON CONFLICT (sku) DO NOTHING")]
    [InlineData("UPDATE usage_total SET records = 1, owner = 2 WHERE sku = 1")]
    [InlineData("SELECT uuid FROM usage_record WHERE uuid = ANY($1) FOR UPDATE")]
    [InlineData("WITH counted AS (INSERT INTO usage_record(uuid) VALUES($1) RETURNING uuid) INSERT INTO usage_total(owner) SELECT 1 FROM counted")]
    [InlineData("ALTER TABLE usage_record ADD COLUMN later integer")]
    [InlineData("LISTEN metering_change")]
    [InlineData("SELECT nextval('numbers')")]
    [InlineData("LOCK TABLE usage_record")]
    [InlineData("COPY usage_record(uuid, owner) FROM STDIN")]
    public void A_statement_that_breaks_a_rule_is_seen(string sql)
    {
        StoreStatement found = Assert.Single(SqlOfTheStore.Of("Writing/Sample.cs", $"private const string Sample = \"{sql}\";"));
        Assert.NotEmpty(DistributionRules.Faults(found));
    }

    [Theory]
    [InlineData("CREATE TABLE later(id bigserial PRIMARY KEY)")]
    [InlineData("CREATE TABLE later(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY)")]
    [InlineData("CREATE TABLE later(id uuid PRIMARY KEY, name text UNIQUE)")]
    [InlineData("CREATE UNIQUE INDEX later ON usage_record(request)")]
    public void A_schema_that_breaks_a_rule_is_seen(string sql) => Assert.NotEmpty(DistributionRules.Faults(new StoreStatement("Tables/Migration.cs", sql)));
}
