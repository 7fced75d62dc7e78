using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Metering.Ledger.Sqlite;

/// <summary>Corrections in the ledger's file, added on the writer's thread.</summary>
internal sealed class SqliteCorrections(Writer writer, ReadConnections readers) : ICorrections
{
    private const int ReadAtOnce = 1_000; // rows of one short read, so that a slow reader holds up no checkpoint

    private const string Columns =
        "id, record, step, owner, sku, timestamp_unix_nanoseconds, quantity, reason, author, created_unix_nanoseconds FROM correction";

    /// <inheritdoc/>
    public Task<CorrectionAnswer> AddAsync(CorrectionOrder order, CancellationToken cancellationToken) =>
        writer.ChangeAsync(database => Add(database, order), cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyList<Correction>> FindAsync(IReadOnlyCollection<UInt128> records, CancellationToken cancellationToken) => Task.Run(
        () => readers.Read<IReadOnlyList<Correction>>(connection =>
        {
            using Statement find = PrepareFind(connection.Database);
            return [.. records.Distinct().Order().SelectMany(record => Find(find, record))];
        }),
        cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<Correction> ReadAsync(CorrectionRange range, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // What is added meanwhile has a higher number: the state is fixed by the last one, however slow the reader is.
        long last = readers.Read(connection => connection.Database.QueryNumber("SELECT max(number) FROM correction"));
        CorrectionPlace after = range.After ?? new CorrectionPlace(range.FromUnixNanoseconds, UInt128.Zero, 0);
        while (true)
        {
            CorrectionPlace from = after;
            List<Correction> part = await Task.Run(() => readers.Read(connection => ReadPart(connection.Database, from, range, last)), cancellationToken);
            foreach (Correction correction in part)
                yield return correction;
            if (part.Count < ReadAtOnce)
                yield break;
            after = new CorrectionPlace(part[^1].TimestampUnixNanoseconds, part[^1].RecordUuid, part[^1].Step);
        }
    }

    /// <summary>Every correction, by record and step.</summary>
    internal static IReadOnlyList<Correction> ReadAll(Database database)
    {
        using Statement all = database.Prepare($"SELECT {Columns} ORDER BY record, step");
        return Rows(all);
    }

    private static CorrectionAnswer Add(Database database, CorrectionOrder order)
    {
        using Statement find = PrepareFind(database);
        CorrectionAnswer answer = Correction.Next(order, Find(find, order.Record.Uuid));
        if (answer is not { Outcome: CorrectionOutcome.Added, Correction: { } added })
            return answer;
        using Statement add = database.Prepare("""
            INSERT INTO correction(id, record, step, owner, sku, timestamp_unix_nanoseconds, quantity, reason, author, created_unix_nanoseconds)
            VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
            """);
        Span<byte> id = stackalloc byte[16];
        Span<byte> record = stackalloc byte[16];
        added.Id.TryWriteBytes(id, bigEndian: true, out _);
        BinaryPrimitives.WriteUInt128BigEndian(record, added.RecordUuid);
        add.Bind(1, id).Bind(2, record).Bind(3, added.Step).Bind(4, added.OwnerKey).Bind(5, added.SkuKey).Bind(6, added.TimestampUnixNanoseconds)
            .Bind(7, added.Quantity).Bind(8, added.Reason).Bind(9, added.Author).Bind(10, added.CreatedUnixNanoseconds).Run();
        return answer;
    }

    private static Statement PrepareFind(Database database) => database.Prepare($"SELECT {Columns} WHERE record = ?1 ORDER BY step");

    private static List<Correction> Find(Statement find, UInt128 record)
    {
        Span<byte> uuid = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(uuid, record);
        return Rows(find.Bind(1, uuid));
    }

    private static List<Correction> ReadPart(Database database, CorrectionPlace after, CorrectionRange range, long last)
    {
        Span<byte> uuid = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(uuid, after.RecordUuid);
        using Statement rows = database.Prepare($"""
            SELECT {Columns}
            WHERE (timestamp_unix_nanoseconds, record, step) > (?1, ?2, ?3)
              AND timestamp_unix_nanoseconds >= ?4 AND timestamp_unix_nanoseconds < ?5 AND number <= ?6
            ORDER BY timestamp_unix_nanoseconds, record, step LIMIT {ReadAtOnce}
            """);
        return Rows(rows.Bind(1, after.TimestampUnixNanoseconds).Bind(2, uuid).Bind(3, after.Step).Bind(4, range.FromUnixNanoseconds)
            .Bind(5, range.ToUnixNanoseconds).Bind(6, last));
    }

    private static List<Correction> Rows(Statement rows)
    {
        var corrections = new List<Correction>();
        try
        {
            while (rows.Step())
            {
                corrections.Add(new Correction(
                    new Guid(rows.Bytes(0), bigEndian: true), BinaryPrimitives.ReadUInt128BigEndian(rows.Bytes(1)), (int)rows.Number(2),
                    (int)rows.Number(3), (int)rows.Number(4), rows.Number(5), rows.Number(6), rows.Text(7), rows.Text(8), rows.Number(9)));
            }

            return corrections;
        }
        finally
        {
            rows.Reset();
        }
    }
}
