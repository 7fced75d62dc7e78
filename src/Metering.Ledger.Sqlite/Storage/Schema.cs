namespace Metering.Ledger.Sqlite;

/// <summary>One step of the schema.</summary>
/// <param name="Version">The schema's version after the step; steps count from 1 without a gap.</param>
/// <param name="Sql">What the step does, in one transaction.</param>
internal sealed record Migration(int Version, string Sql);

/// <summary>The schema, as the list of steps that lead to it. A step that was released never changes.</summary>
internal static class Schema
{
    /// <summary>"MKTM": marks the file as a ledger of this program.</summary>
    public const int ApplicationId = 0x4D4B544D;

    /// <summary>The step from which the index has its identity.</summary>
    public const int WithIndex = 2;

    /// <summary>The step from which there may be archives.</summary>
    public const int WithArchives = 3;

    /// <summary>The step from which rejected records are kept.</summary>
    public const int WithRejectedRecords = 5;

    /// <summary>The step from which there are totals of days.</summary>
    public const int WithDays = 6;

    /// <summary>Every step, oldest first.</summary>
    public static readonly IReadOnlyList<Migration> Migrations =
    [
        // Amounts are Int128, 16 bytes big-endian: SQLite's own integers end at 64 bits, and its SUM fails there.
        // A batch holds the accepted records of one group commit; BatchBody gives its body a meaning.
        new(1, """
            CREATE TABLE schema_step(
              version INTEGER PRIMARY KEY,
              program TEXT NOT NULL) STRICT;

            CREATE TABLE batch(
              number INTEGER PRIMARY KEY,
              records INTEGER NOT NULL CHECK(records > 0),
              body BLOB NOT NULL) STRICT;

            CREATE TABLE hour_total(
              owner INTEGER NOT NULL,
              sku INTEGER NOT NULL,
              hour INTEGER NOT NULL,
              quantity BLOB NOT NULL CHECK(length(quantity) = 16),
              records INTEGER NOT NULL CHECK(records > 0),
              PRIMARY KEY(owner, sku, hour)) STRICT, WITHOUT ROWID;

            CREATE TABLE hour_rejection(
              owner INTEGER NOT NULL,
              reason INTEGER NOT NULL CHECK(reason > 0),
              hour INTEGER NOT NULL,
              records INTEGER NOT NULL CHECK(records > 0),
              PRIMARY KEY(owner, reason, hour)) STRICT, WITHOUT ROWID;

            CREATE TABLE clock(
              id INTEGER PRIMARY KEY CHECK(id = 1),
              high_water_unix_nanoseconds INTEGER NOT NULL) STRICT;
            INSERT INTO clock VALUES(1, 0);

            CREATE TABLE catalog_version(
              id INTEGER PRIMARY KEY CHECK(id = 1),
              version INTEGER NOT NULL) STRICT;
            INSERT INTO catalog_version VALUES(1, 0);

            CREATE TABLE catalog_object(
              key INTEGER PRIMARY KEY,
              kind INTEGER NOT NULL,
              id TEXT NOT NULL,
              retired INTEGER NOT NULL CHECK(retired IN (0, 1)),
              body TEXT NOT NULL,
              UNIQUE(kind, id)) STRICT;

            CREATE TABLE signing_key(
              number INTEGER PRIMARY KEY,
              id TEXT NOT NULL UNIQUE,
              created_at TEXT NOT NULL,
              private_key BLOB NOT NULL) STRICT;

            CREATE TABLE revoked_token(
              id TEXT PRIMARY KEY,
              expires_at TEXT NOT NULL) STRICT, WITHOUT ROWID;
            """),

        // The runs of the index lie beside the file. The number tells which belong to it; the secret gives their order.
        new(2, """
            CREATE TABLE uuid_index(
              id INTEGER PRIMARY KEY CHECK(id = 1),
              ledger BLOB NOT NULL CHECK(length(ledger) = 16),
              secret BLOB NOT NULL CHECK(length(secret) = 48)) STRICT;
            INSERT INTO uuid_index VALUES(1, randomblob(16), randomblob(48));
            """),

        // Batches that were archived keep their row: number, records and, of the body, its checksum alone.
        // dropped_batch: up to there that is done. Totals without their archive are of one that was never finished.
        new(3, """
            CREATE TABLE archive(
              number INTEGER PRIMARY KEY,
              file TEXT NOT NULL UNIQUE,
              first_batch INTEGER NOT NULL UNIQUE,
              last_batch INTEGER NOT NULL UNIQUE CHECK(last_batch >= first_batch),
              dropped_batch INTEGER NOT NULL CHECK(dropped_batch BETWEEN first_batch - 1 AND last_batch),
              records INTEGER NOT NULL CHECK(records > 0),
              bytes INTEGER NOT NULL,
              first_accepted_unix_nanoseconds INTEGER NOT NULL,
              last_accepted_unix_nanoseconds INTEGER NOT NULL,
              sha256 BLOB NOT NULL CHECK(length(sha256) = 32)) STRICT;

            CREATE TABLE archived_total(
              archive INTEGER NOT NULL,
              owner INTEGER NOT NULL,
              sku INTEGER NOT NULL,
              hour INTEGER NOT NULL,
              quantity BLOB NOT NULL CHECK(length(quantity) = 16),
              records INTEGER NOT NULL CHECK(records > 0),
              PRIMARY KEY(archive, owner, sku, hour)) STRICT, WITHOUT ROWID;
            """),

        // Places in the feed under names. And the batches after which the operator set the clock back: moments of reception
        // never decrease but there, which is what finding a moment by halving relies on.
        new(4, """
            CREATE TABLE feed_consumer(
              scope TEXT NOT NULL,
              name TEXT NOT NULL,
              cursor BLOB NOT NULL,
              saved_unix_nanoseconds INTEGER NOT NULL,
              PRIMARY KEY(scope, name)) STRICT, WITHOUT ROWID;

            CREATE TABLE clock_set_back(
              batch INTEGER PRIMARY KEY) STRICT;
            """),

        // The rejected records of a group commit, as they were sent: RejectedBody gives body and fingerprints a meaning. The oldest
        // rows are dropped, so the number that was given last is kept beside them.
        new(5, """
            CREATE TABLE rejected_batch(
              number INTEGER PRIMARY KEY,
              first_received_unix_nanoseconds INTEGER NOT NULL,
              last_received_unix_nanoseconds INTEGER NOT NULL,
              records INTEGER NOT NULL CHECK(records > 0),
              fingerprints BLOB NOT NULL CHECK(length(fingerprints) = 4 * records),
              body BLOB NOT NULL) STRICT;

            CREATE TABLE rejected_count(
              id INTEGER PRIMARY KEY CHECK(id = 1),
              last_number INTEGER NOT NULL,
              records INTEGER NOT NULL CHECK(records >= 0),
              bytes INTEGER NOT NULL CHECK(bytes >= 0),
              dropped_records INTEGER NOT NULL) STRICT;
            INSERT INTO rejected_count VALUES(1, 0, 0, 0, 0);

            CREATE TABLE rejected_replay(
              number INTEGER PRIMARY KEY,
              request BLOB NOT NULL UNIQUE CHECK(length(request) = 16),
              started_unix_nanoseconds INTEGER NOT NULL,
              operator TEXT NOT NULL,
              reason TEXT NOT NULL,
              as_of_receipt INTEGER NOT NULL CHECK(as_of_receipt IN (0, 1))) STRICT;
            """),

        // Days of UTC, packed (DayPart), made from the hours in the background: every day before the end day, but those that
        // changed since. What the parts of other days hold means nothing. The first day is that of the earliest moment there is.
        new(6, """
            CREATE TABLE day_total(
              day INTEGER NOT NULL,
              part INTEGER NOT NULL,
              first_owner INTEGER NOT NULL,
              last_owner INTEGER NOT NULL,
              series INTEGER NOT NULL CHECK(series > 0),
              sums BLOB NOT NULL,
              hours BLOB NOT NULL,
              PRIMARY KEY(day, part)) STRICT;

            CREATE TABLE changed_day(
              day INTEGER PRIMARY KEY,
              changes INTEGER NOT NULL CHECK(changes > 0)) STRICT;

            CREATE TABLE rolled_up(
              id INTEGER PRIMARY KEY CHECK(id = 1),
              end_day INTEGER NOT NULL) STRICT;
            INSERT INTO rolled_up VALUES(1, -106752);
            """),

        // Never edited, never deleted: a correction of a correction is the record's next step.
        new(7, """
            CREATE TABLE correction(
              number INTEGER PRIMARY KEY,
              id BLOB NOT NULL CHECK(length(id) = 16),
              record BLOB NOT NULL CHECK(length(record) = 16),
              step INTEGER NOT NULL CHECK(step > 0),
              owner INTEGER NOT NULL,
              sku INTEGER NOT NULL,
              timestamp_unix_nanoseconds INTEGER NOT NULL,
              quantity INTEGER NOT NULL CHECK(quantity <> 0),
              reason TEXT NOT NULL,
              author TEXT NOT NULL,
              created_unix_nanoseconds INTEGER NOT NULL,
              UNIQUE(record, step)) STRICT;
            CREATE INDEX correction_by_time ON correction(timestamp_unix_nanoseconds, record, step);
            """),
    ];

    /// <summary>Brings an empty or older database to the newest version, each step in a transaction of its own.</summary>
    public static void Migrate(Database database, IReadOnlyList<Migration> migrations)
    {
        string program = typeof(Schema).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";
        foreach (Migration migration in migrations)
        {
            if (migration.Version <= database.QueryNumber("PRAGMA user_version"))
                continue;
            database.Execute("BEGIN IMMEDIATE");
            database.Execute(migration.Sql);
            using (Statement note = database.Prepare("INSERT INTO schema_step VALUES(?1, ?2)"))
                note.Bind(1, migration.Version).Bind(2, program).Run();
            database.Execute($"PRAGMA application_id = {ApplicationId}");
            database.Execute($"PRAGMA user_version = {migration.Version}");
            database.Execute("COMMIT");
        }
    }

    /// <summary>The version of the program that made the newest step, for the message that asks for it.</summary>
    public static string NewestProgram(Database database)
    {
        try
        {
            return database.QueryText("SELECT program FROM schema_step ORDER BY version DESC LIMIT 1");
        }
        catch (SqliteFault)
        {
            return string.Empty; // a later schema may keep it elsewhere
        }
    }
}
