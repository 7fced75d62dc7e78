using System.Numerics;
using Npgsql;
using NpgsqlTypes;

namespace Metering.Ledger.Postgres;

/// <summary>
/// Every statement that counts usage. PostgreSQL, Citus, YugabyteDB and CockroachDB all take them: no advisory lock, no temporary
/// table, no sequence, no constraint beside the primary keys. Whatever a transaction locks it locks in one order: records by
/// uuid, then totals, then rejections, each by key, then its group's row, then the clock's; so two of them never wait for each other.
/// </summary>
internal static class WriteStatements
{
    // Arrays are indexed, because unnest of eight of them costs a tenth more.
    private const string CountNewText = """
        INSERT INTO usage_record(
          uuid, owner, sku, quantity, timestamp_unix_nanoseconds, accepted_unix_nanoseconds, account, request, lane)
        SELECT $1[i], $2[i], $3[i], $4[i], $5[i], $6[i], $7[i], $8[i], $9
        FROM generate_series(1, array_length($1, 1)) AS i
        """;

    // The same, but that what was counted before is left out. What was counted comes back as its number and one array, which is
    // left out when that is all that was sent, as it mostly is.
    private const string CountText = """
        WITH counted AS (
          INSERT INTO usage_record(
            uuid, owner, sku, quantity, timestamp_unix_nanoseconds, accepted_unix_nanoseconds, account, request, lane)
          SELECT $1[i], $2[i], $3[i], $4[i], $5[i], $6[i], $7[i], $8[i], $9
          FROM generate_series(1, array_length($1, 1)) AS i
          ON CONFLICT (uuid) DO NOTHING
          RETURNING uuid)
        SELECT count(*), CASE WHEN count(*) < array_length($1, 1) THEN array_agg(uuid) END FROM counted
        """;

    private const string LookUpText = "SELECT uuid FROM usage_record WHERE uuid = ANY($1)";

    private const string RewriteText = "UPDATE usage_record SET lane = lane WHERE uuid = ANY($1)";

    private const string AddTotalsText = """
        INSERT INTO usage_total(owner, sku, hour, node, quantity, records)
        SELECT owner, sku, hour, $6, quantity, records
        FROM unnest($1::integer[], $2::integer[], $3::bigint[], $4::numeric[], $5::bigint[]) AS added(owner, sku, hour, quantity, records)
        ON CONFLICT (owner, sku, hour, node) DO UPDATE
        SET quantity = usage_total.quantity + excluded.quantity, records = usage_total.records + excluded.records
        """;

    private const string AddRejectionsText = """
        INSERT INTO usage_rejection(owner, reason, hour, node, records)
        SELECT owner, reason, hour, $5, records
        FROM unnest($1::integer[], $2::smallint[], $3::bigint[], $4::bigint[]) AS added(owner, reason, hour, records)
        ON CONFLICT (owner, reason, hour, node) DO UPDATE SET records = usage_rejection.records + excluded.records
        """;

    // The only statement of a group that another writer's row can refuse: somebody ended the writer (docs/adr/0009).
    private const string AddGroupText =
        "INSERT INTO usage_group(writer, number, records, accepted_unix_nanoseconds, uuids) VALUES($1, $2, $3, $4, $5)";

    private const string RaiseClockText = """
        INSERT INTO ledger_clock(node, high_water_unix_nanoseconds) VALUES($1, $2)
        ON CONFLICT (node) DO UPDATE
        SET high_water_unix_nanoseconds = greatest(ledger_clock.high_water_unix_nanoseconds, excluded.high_water_unix_nanoseconds)
        """;

    /// <summary>Begins the transaction.</summary>
    public static NpgsqlBatchCommand Begin() => new("BEGIN");

    /// <summary>Ends it. Nothing that was sent with it is cancelled, ever.</summary>
    public static NpgsqlBatchCommand Commit() => new("COMMIT");

    /// <summary>
    /// Counts records that are not counted yet, sorted by uuid; answers with the number of those that it counted and, unless they
    /// are all or none, an array of their uuids.
    /// </summary>
    public static NpgsqlBatchCommand Count(RecordColumns records, short node) => Command(CountText, records, node);

    /// <summary>Counts records, sorted by uuid; refused when one of them is counted already.</summary>
    public static NpgsqlBatchCommand CountNew(RecordColumns records, short node) => Command(CountNewText, records, node);

    /// <summary>Returns those of the uuids that are counted.</summary>
    public static NpgsqlBatchCommand LookUp(Guid[] uuids) => Command(LookUpText, Array(uuids, NpgsqlDbType.Uuid));

    /// <summary>Writes counted rows anew as they are, so that the log that holds each of them is waited for by the commit.</summary>
    public static NpgsqlBatchCommand Rewrite(Guid[] uuids) => Command(RewriteText, Array(uuids, NpgsqlDbType.Uuid));

    /// <summary>Adds to the node's hourly totals, sorted by key.</summary>
    public static NpgsqlBatchCommand AddTotals(TotalColumns totals, short node) => Command(
        AddTotalsText,
        Array(totals.Owners, NpgsqlDbType.Integer),
        Array(totals.Skus, NpgsqlDbType.Integer),
        Array(totals.Hours, NpgsqlDbType.Bigint),
        Array(totals.Quantities, NpgsqlDbType.Numeric),
        Array(totals.Records, NpgsqlDbType.Bigint),
        One(node));

    /// <summary>Adds to the node's hourly counts of rejections, sorted by key.</summary>
    public static NpgsqlBatchCommand AddRejections(RejectionColumns rejections, short node) => Command(
        AddRejectionsText,
        Array(rejections.Owners, NpgsqlDbType.Integer),
        Array(rejections.Reasons, NpgsqlDbType.Smallint),
        Array(rejections.Hours, NpgsqlDbType.Bigint),
        Array(rejections.Records, NpgsqlDbType.Bigint),
        One(node));

    /// <summary>Names the records of a group, in the order in which they are told of, with its place in the order of commits.</summary>
    public static NpgsqlBatchCommand AddGroup(GroupPlace place, Guid[] uuids) => Command(
        AddGroupText,
        One(place.Writer),
        One(place.Number),
        One(uuids.Length),
        One(place.AcceptedUnixNanoseconds),
        Array(uuids, NpgsqlDbType.Uuid));

    /// <summary>Raises the node's high-water mark of the clock; a mark below it changes nothing, but is written to the log all the same.</summary>
    public static NpgsqlBatchCommand RaiseClock(short node, long unixNanoseconds) => Command(RaiseClockText, One(node), One(unixNanoseconds));

    private static NpgsqlBatchCommand Command(string text, RecordColumns records, short node) => Command(
        text,
        Array(records.Uuids, NpgsqlDbType.Uuid),
        Array(records.Owners, NpgsqlDbType.Integer),
        Array(records.Skus, NpgsqlDbType.Integer),
        Array(records.Quantities, NpgsqlDbType.Bigint),
        Array(records.Timestamps, NpgsqlDbType.Bigint),
        Array(records.Accepted, NpgsqlDbType.Bigint),
        Array(records.Accounts, NpgsqlDbType.Integer),
        Array(records.Requests, NpgsqlDbType.Uuid),
        One(node));

    private static NpgsqlBatchCommand Command(string text, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(text);
        foreach (NpgsqlParameter parameter in parameters)
            command.Parameters.Add(parameter);
        return command;
    }

    private static NpgsqlParameter<T[]> Array<T>(T[] values, NpgsqlDbType type) => new() { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | type };

    private static NpgsqlParameter<T> One<T>(T value) => new() { TypedValue = value };
}

/// <summary>Records to be counted, column by column, sorted by uuid.</summary>
internal sealed class RecordColumns(int count)
{
    public readonly Guid[] Uuids = new Guid[count];
    public readonly int[] Owners = new int[count];
    public readonly int[] Skus = new int[count];
    public readonly long[] Quantities = new long[count];
    public readonly long[] Timestamps = new long[count];
    public readonly long[] Accepted = new long[count];
    public readonly int[] Accounts = new int[count];
    public readonly Guid[] Requests = new Guid[count];
}

/// <summary>What a group adds to hourly totals, column by column, sorted by key.</summary>
internal sealed class TotalColumns(int count)
{
    public readonly int[] Owners = new int[count];
    public readonly int[] Skus = new int[count];
    public readonly long[] Hours = new long[count];
    public readonly BigInteger[] Quantities = new BigInteger[count];
    public readonly long[] Records = new long[count];
}

/// <summary>What a group adds to hourly counts of rejections, column by column, sorted by key.</summary>
internal sealed class RejectionColumns(int count)
{
    public readonly int[] Owners = new int[count];
    public readonly short[] Reasons = new short[count];
    public readonly long[] Hours = new long[count];
    public readonly long[] Records = new long[count];
}
