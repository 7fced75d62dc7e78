namespace Metering.Ledger.Postgres;

/// <summary>One step of the schema. Nodes of the version before it may still be up: a step only adds, or shuts them out.</summary>
/// <param name="Version">The schema's version after the step; steps count from 1 without a gap.</param>
/// <param name="OldestProgram">The oldest schema version whose programs can still use the tables after the step.</param>
/// <param name="Sql">What the step does, in one transaction.</param>
internal sealed record Migration(int Version, int OldestProgram, string Sql);

/// <summary>The schema, as the list of steps that lead to it. A step that was released never changes.</summary>
internal static class Migrations
{
    /// <summary>Every step, oldest first.</summary>
    public static readonly IReadOnlyList<Migration> All =
    [
        // No sequence, no constraint beside the primary keys, whose first column is what the rows can be distributed by:
        // records by uuid, totals and rejections by owner. Moments are numbers, since a record's nanoseconds do not fit into
        // a timestamp. Rows that are updated over and over keep half of their page free for it.
        new(1, 1, """
            CREATE TABLE usage_record(
              uuid uuid NOT NULL PRIMARY KEY,
              owner integer NOT NULL,
              sku integer NOT NULL,
              quantity bigint NOT NULL CHECK(quantity > 0),
              timestamp_unix_nanoseconds bigint NOT NULL,
              accepted_unix_nanoseconds bigint NOT NULL,
              account integer NOT NULL,
              request uuid NOT NULL,
              node smallint NOT NULL);

            CREATE TABLE usage_total(
              owner integer NOT NULL,
              sku integer NOT NULL,
              hour bigint NOT NULL,
              node smallint NOT NULL,
              quantity numeric NOT NULL,
              records bigint NOT NULL CHECK(records > 0),
              PRIMARY KEY(owner, sku, hour, node)) WITH (fillfactor = 50);

            CREATE TABLE usage_rejection(
              owner integer NOT NULL,
              reason smallint NOT NULL CHECK(reason > 0),
              hour bigint NOT NULL,
              node smallint NOT NULL,
              records bigint NOT NULL CHECK(records > 0),
              PRIMARY KEY(owner, reason, hour, node)) WITH (fillfactor = 50);

            CREATE TABLE ledger_clock(
              node smallint NOT NULL PRIMARY KEY,
              high_water_unix_nanoseconds bigint NOT NULL) WITH (fillfactor = 50);

            CREATE TABLE node_number(
              id smallint NOT NULL PRIMARY KEY CHECK(id = 1),
              given bigint NOT NULL);
            INSERT INTO node_number VALUES(1, 0);

            CREATE TABLE shared_version(
              name text NOT NULL PRIMARY KEY,
              version bigint NOT NULL);
            INSERT INTO shared_version VALUES('catalog', 0), ('credentials', 0);

            CREATE TABLE catalog_object(
              kind smallint NOT NULL,
              id text NOT NULL,
              key integer NOT NULL,
              retired boolean NOT NULL,
              body text NOT NULL,
              PRIMARY KEY(kind, id));

            CREATE TABLE signing_key(
              id text NOT NULL PRIMARY KEY,
              created_utc_ticks bigint NOT NULL,
              private_key bytea NOT NULL);

            CREATE TABLE revoked_token(
              id text NOT NULL PRIMARY KEY,
              expires_utc_ticks bigint NOT NULL);

            CREATE TABLE admin_token(
              id smallint NOT NULL PRIMARY KEY CHECK(id = 1),
              token text NOT NULL);
            """),

        // A ledger that is moved here from another store, and how far that came. Programs before this step would serve it half
        // moved, so they are shut out.
        new(2, 2, """
            CREATE TABLE ledger_move(
              id smallint NOT NULL PRIMARY KEY CHECK(id = 1),
              ledger uuid NOT NULL,
              last_batch bigint NOT NULL,
              records bigint NOT NULL,
              complete boolean NOT NULL);
            """),

        // The order of commits (docs/adr/0009): each group that counts records names them in a row of its own, numbered by its
        // writer without a gap. A record without a group would be missing from it for ever. So the column that every INSERT of
        // the programs before this step names gets another name, first of all: they are refused from here on, those that are
        // running too. What they counted gets groups of writer 0, in the order in which it was accepted.
        new(3, 3, """
            ALTER TABLE usage_record RENAME COLUMN node TO lane;

            CREATE TABLE usage_group(
              writer bigint NOT NULL,
              number bigint NOT NULL CHECK(number > 0),
              records integer NOT NULL CHECK(records >= 0),
              accepted_unix_nanoseconds bigint NOT NULL,
              uuids uuid[] NOT NULL,
              PRIMARY KEY(writer, number));

            CREATE TABLE writer_number(
              id smallint NOT NULL PRIMARY KEY CHECK(id = 1),
              given bigint NOT NULL,
              ledger uuid);
            INSERT INTO writer_number VALUES(1, 0, NULL);

            INSERT INTO usage_group(writer, number, records, accepted_unix_nanoseconds, uuids)
            SELECT 0, piece + 1, count(*)::integer, max(accepted_unix_nanoseconds), array_agg(uuid ORDER BY accepted_unix_nanoseconds, uuid)
            FROM (
              SELECT uuid, accepted_unix_nanoseconds, (row_number() OVER (ORDER BY accepted_unix_nanoseconds, uuid) - 1) / 1000 AS piece
              FROM usage_record) AS counted
            GROUP BY piece;

            CREATE TABLE feed_consumer(
              scope text NOT NULL,
              name text NOT NULL,
              cursor bytea NOT NULL,
              saved_unix_nanoseconds bigint NOT NULL,
              PRIMARY KEY(scope, name));

            CREATE TABLE clock_set_back(
              place bytea NOT NULL PRIMARY KEY);
            """),

        // Rejected records as they were sent; texts are bytes, since what was sent may be no text of PostgreSQL's. Counts are by
        // node, as the clock is, so that no row is hot.
        new(4, 3, """
            CREATE TABLE rejected_record(
              owner integer NOT NULL,
              id uuid NOT NULL,
              received_unix_nanoseconds bigint NOT NULL,
              request uuid NOT NULL,
              place smallint NOT NULL,
              kind smallint NOT NULL,
              target bytea NOT NULL,
              uuid bytea NOT NULL,
              uuid_key bytea NOT NULL,
              sku bytea NOT NULL,
              quantity bigint NOT NULL,
              has_timestamp boolean NOT NULL,
              timestamp_seconds bigint NOT NULL,
              timestamp_nanoseconds integer NOT NULL,
              reason smallint NOT NULL CHECK(reason > 0),
              account integer NOT NULL,
              differences smallint NOT NULL,
              cut boolean NOT NULL,
              bytes integer NOT NULL,
              PRIMARY KEY(owner, id));
            CREATE INDEX rejected_record_received ON rejected_record(received_unix_nanoseconds, id);
            CREATE INDEX rejected_record_uuid ON rejected_record(uuid_key);

            CREATE TABLE rejected_count(
              node smallint NOT NULL PRIMARY KEY,
              records bigint NOT NULL,
              bytes bigint NOT NULL,
              dropped_records bigint NOT NULL) WITH (fillfactor = 50);

            CREATE TABLE rejected_replay(
              request uuid NOT NULL PRIMARY KEY,
              started_unix_nanoseconds bigint NOT NULL,
              operator text NOT NULL,
              reason text NOT NULL,
              as_of_receipt boolean NOT NULL);
            """),

        // Corrections of records: never edited, never deleted; a correction of a correction is the record's next step.
        new(5, 3, """
            CREATE TABLE correction(
              record uuid NOT NULL,
              step integer NOT NULL CHECK(step > 0),
              id uuid NOT NULL,
              owner integer NOT NULL,
              sku integer NOT NULL,
              timestamp_unix_nanoseconds bigint NOT NULL,
              quantity bigint NOT NULL CHECK(quantity <> 0),
              reason text NOT NULL,
              author text NOT NULL,
              created_unix_nanoseconds bigint NOT NULL,
              PRIMARY KEY(record, step));
            CREATE INDEX correction_by_time ON correction(timestamp_unix_nanoseconds, record, step);
            """),
    ];
}
