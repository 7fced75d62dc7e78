using System.Text.RegularExpressions;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>
/// What a statement must not do so that Citus, YugabyteDB and CockroachDB take it too, from what their documentation and issue
/// trackers say. None of the three runs in these tests.
/// </summary>
internal static partial class DistributionRules
{
    /// <summary>The columns that docs/citus.sql distributes by.</summary>
    private static readonly Dictionary<string, string> PlacedBy = new()
    {
        ["usage_record"] = "uuid", ["usage_total"] = "owner", ["usage_rejection"] = "owner", ["ledger_clock"] = "node",
        ["usage_group"] = "writer", ["feed_consumer"] = "scope",
        ["rejected_record"] = "owner", ["rejected_count"] = "node",
    };

    private static readonly (Regex Seen, string Why)[] Never =
    [
        (Rule(@"\bpg_(?:try_)?advisory"), "an advisory lock is one server's own: Citus and CockroachDB do not share it between nodes"),
        (Rule(@"\b(?:TEMP|TEMPORARY|UNLOGGED)\b"), "CockroachDB has no temporary tables by default, and an unlogged one is lost with its server"),
        (Rule(@"\b(?:SMALL|BIG)?SERIAL\b|\bGENERATED\b|\bSEQUENCE\b|\b(?:next|curr|set|last)val\b"), "a sequence is a hot row between nodes"),
        (Rule(@"\bUNIQUE\b|\bEXCLUDE\b|\bREFERENCES\b|\bFOREIGN\b"), "Citus keeps no constraint across shards beside a primary key with the distribution column"),
        (Rule(@"\bTRIGGER\b|\bCREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE|RULE|EXTENSION)\b|\$\$|^DO\b|^CALL\b"), "code in the database differs between the engines"),
        (Rule(@"^LOCK\b|^MERGE\b|^TRUNCATE\b|^DECLARE\b|^FETCH\b|^SAVEPOINT\b"), "not every engine has it, or has it within a transaction"),
        (Rule(@"\b(?:ctid|xmin|xmax|tableoid)\b"), "a system column of PostgreSQL's own storage"),
        (Rule(@"ON CONFLICT ON CONSTRAINT"), "names of constraints differ between the engines"),
        (Rule(@"\b(?:now|clock_timestamp|statement_timestamp|random|gen_random_uuid|uuid_generate_v4|txid_current)\s*\(|\bCURRENT_TIMESTAMP\b"), "Citus refuses volatile functions where shards are written, and the clock is the node's"),
        (Rule(@"\bSERIALIZABLE\b"), "Citus has no serializable transactions across shards"),
        (Rule(@"\bFOR (?:NO KEY UPDATE|SHARE|KEY SHARE)\b|\bSKIP LOCKED\b"), "the engines differ in what it locks"),
    ];

    /// <summary>Why a statement must not be; empty when it may.</summary>
    public static IEnumerable<string> Faults(StoreStatement statement)
    {
        string sql = Text().Replace(statement.Text, "''");
        foreach ((Regex seen, string why) in Never)
        {
            if (seen.IsMatch(sql))
                yield return $"{seen.Match(sql).Value}: {why}";
        }

        // Citus: single-shard queries only. A row of a reference table is one.
        if (sql.Contains("FOR UPDATE") && PlacedBy.Keys.Any(sql.Contains))
            yield return "FOR UPDATE on a distributed table: Citus locks rows of one shard only";
        if (sql.StartsWith("WITH", StringComparison.Ordinal) && Written().Count(sql) > 1)
            yield return "a statement that writes two tables: Citus and CockroachDB differ in what one part sees of the other";
        if (Regex.IsMatch(sql, @"\b(?:LISTEN|NOTIFY)\b", RegexOptions.NonBacktracking) && !statement.File.StartsWith("Sharing/", StringComparison.Ordinal))
            yield return "LISTEN and NOTIFY: CockroachDB lacks them, YugabyteDB had none before 2025.2; only Sharing/ does without an answer";
        if (sql.StartsWith("COPY", StringComparison.Ordinal) && !statement.File.StartsWith("Moving/", StringComparison.Ordinal))
            yield return "COPY: CockroachDB takes it with limits; only a ledger that moves in is sent by it";
        if (statement.IsSchema)
            yield break;
        if (Regex.IsMatch(sql, @"^(?:CREATE|ALTER|DROP)\b", RegexOptions.NonBacktracking))
            yield return "a change of the schema outside the migration";
        foreach ((string table, string column) in PlacedBy)
        {
            if (Regex.IsMatch(sql, $@"\bUPDATE {table} SET (?:[^;]*, )?{column} =", RegexOptions.NonBacktracking))
                yield return $"moves a row of {table} to another shard: Citus refuses to change {column}";
            if (Regex.Match(sql, $@"\bINSERT INTO {table}\s*\((?<columns>[^)]*)\)") is { Success: true } insert && !insert.Groups["columns"].Value.Contains(column))
                yield return $"a row of {table} without {column} has no shard";
            if (Regex.Match(sql, $@"\bINSERT INTO {table}\b.*ON CONFLICT \((?<target>[^)]*)\)") is { Success: true } conflict
                && !Array.Exists(conflict.Groups["target"].Value.Split(", "), target => target == column))
            {
                yield return $"a conflict of {table} is told without {column}";
            }
        }
    }

    // Values in quotes and casts are no part of what is checked.
    [GeneratedRegex("'[^']*'")]
    private static partial Regex Text();

    [GeneratedRegex(@"\b(?:INSERT INTO|UPDATE(?! SET)|DELETE FROM)\b")]
    private static partial Regex Written();

    private static Regex Rule(string pattern) => new(pattern, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
}
