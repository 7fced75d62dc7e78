using System.Buffers.Binary;
using System.Collections.Concurrent;

namespace Metering.Ledger.Sqlite;

/// <summary>
/// The accepted records, batch by batch: a batch is one group commit, and batches are numbered without a gap in the order of
/// commits, so that no record ever becomes visible before one that was read.
/// </summary>
internal sealed class RecordReader(ReadConnections connections, CommitSignal commits, RecordSearch search, ReadPace pace, Guid ledger)
    : IRecordReader
{
    private const int ChecksumsMaximum = 4096;
    private const int RecordBytesLeast = BatchBody.UuidBytes; // in any version
    private const int ChecksumWorthRecords = 500; // of smaller batches it is read again in no time, if a page ends there

    private readonly DecodedBatches _decoded = new();
    private readonly ConcurrentDictionary<long, uint> _checksums = new(); // of batches where pages ended

    /// <inheritdoc/>
    public Task<RecordPage> ReadAsync(LedgerCursor after, int recordsMaximum, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(recordsMaximum, 1);
        return Task.Run(() => connections.Read(connection => Read(connection, after, recordsMaximum)), cancellationToken);
    }

    /// <inheritdoc/>
    public IBulkReading BeginBulk() => pace.Begin();

    /// <inheritdoc/>
    public async Task WaitAsync(LedgerCursor after, CancellationToken cancellationToken)
    {
        FeedPlace place = FeedPlace.Of(after, ledger, out uint checksum);
        if (!IsKnown(place, checksum))
        {
            await Task.Run(
                () => connections.Read(connection => PlaceOf(connection, after, connection.LastBatch())), cancellationToken);
        }

        await commits.WaitAsync(place.Batch, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<LedgerCursor> EndAsync(CancellationToken cancellationToken) => Task.Run(
        () => connections.Read(connection => CursorAt(connection, new FeedPlace(connection.LastBatch() + 1, 0))), cancellationToken);

    /// <inheritdoc/>
    public Task<LedgerCursor> SeekAsync(long acceptedUnixNanoseconds, CancellationToken cancellationToken) => Task.Run(
        () => connections.Read(connection =>
            CursorAt(connection, new FeedPlace(new MomentSearch(connection).FirstBatch(acceptedUnixNanoseconds), 0))),
        cancellationToken);

    /// <inheritdoc/>
    public Task<bool> IsClockSetBackAfterAsync(LedgerCursor place, CancellationToken cancellationToken) => Task.Run(
        () => connections.Read(connection => MomentSearch.IsClockSetBackAfter(connection, FeedPlace.Of(place, ledger, out _).BatchBefore)),
        cancellationToken);

    /// <inheritdoc/>
    public Task<IReadOnlyDictionary<UInt128, CountedRecord>> FindAsync(
        IReadOnlyCollection<UInt128> uuids, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(uuids.Count, Limits.LookUpUuids);
        return search.FindAsync(uuids, cancellationToken);
    }

    private RecordPage Read(ReadConnection connection, LedgerCursor after, int maximum)
    {
        long last = connection.LastBatch();
        FeedPlace place = PlaceOf(connection, after, last);
        var records = new List<CountedRecord>();
        while (records.Count < maximum && place.Batch <= last)
        {
            try
            {
                place = AddBatch(connection, place, records, maximum);
            }
            catch (Exception fault) when (fault is StoreException or ArchiveDamageException && records.Count > 0)
            {
                break; // what comes before the damage is right; the next page begins at it
            }
        }

        return new RecordPage(records, CursorAt(connection, place), place.Batch > last);
    }

    private FeedPlace AddBatch(ReadConnection connection, FeedPlace place, List<CountedRecord> records, int maximum)
    {
        int room = maximum - records.Count;
        DecodedBatch? batch = _decoded.Find(place.Batch)
            ?? connection.Read(place.Batch, (count, body) => place.Record == 0 && count <= room
                ? AddWhole(place.Batch, count, body, records) // most batches fit into a page
                : Decode(place.Batch, count, body));
        if (batch is null)
            return place with { Batch = place.Batch + 1 };
        if (place.Record >= batch.Records.Length)
            throw Unknown();
        int some = Math.Min(room, batch.Records.Length - place.Record);
        records.AddRange(batch.Records.AsSpan(place.Record, some));
        FeedPlace next = place.After(some, batch.Records.Length);
        if (next.Batch == place.Batch)
            _decoded.Keep(batch);
        else
            _decoded.Drop(place.Batch);
        Remember(place.Batch, batch.Checksum);
        return next;
    }

    private DecodedBatch? AddWhole(long number, long count, ReadOnlySpan<byte> body, List<CountedRecord> records)
    {
        int before = records.Count;
        try
        {
            var reader = new BatchReader(number, count, body);
            while (reader.Next(out CountedRecord record))
                records.Add(record);
        }
        catch
        {
            records.RemoveRange(before, records.Count - before); // none of a damaged batch
            throw;
        }

        if (count > ChecksumWorthRecords)
            Remember(number, ChecksumIn(body));
        return null;
    }

    private static DecodedBatch Decode(long number, long count, ReadOnlySpan<byte> body)
    {
        if (count > body.Length / RecordBytesLeast)
            throw BatchReader.Damage(number, $"{count} records do not fit into {body.Length} bytes");
        var records = new CountedRecord[count];
        var reader = new BatchReader(number, count, body);
        for (int place = 0; place < records.Length && reader.Next(out records[place]); place++)
        {
        }

        if (reader.Next(out _))
            throw BatchReader.Damage(number, $"it holds more than {count} records");
        return new DecodedBatch(number, records, ChecksumIn(body));
    }

    private static uint ChecksumIn(ReadOnlySpan<byte> body) => BinaryPrimitives.ReadUInt32LittleEndian(body[^BatchBody.ChecksumBytes..]);

    private LedgerCursor CursorAt(ReadConnection connection, FeedPlace place) =>
        place == FeedPlace.First ? LedgerCursor.Start : place.ToCursor(ledger, ChecksumOf(connection, place.BatchBefore));

    private FeedPlace PlaceOf(ReadConnection connection, LedgerCursor cursor, long last)
    {
        FeedPlace place = FeedPlace.Of(cursor, ledger, out uint checksum);
        if (IsKnown(place, checksum))
            return place;
        if (place.BatchBefore > last || ChecksumOf(connection, place.BatchBefore) != checksum)
            throw Unknown();
        return place;
    }

    private bool IsKnown(FeedPlace place, uint checksum) =>
        place == FeedPlace.First || (_checksums.TryGetValue(place.BatchBefore, out uint known) && known == checksum);

    private uint ChecksumOf(ReadConnection connection, long batch)
    {
        if (_checksums.TryGetValue(batch, out uint known))
            return known;
        uint checksum = connection.ChecksumOf(batch);
        Remember(batch, checksum);
        return checksum;
    }

    private void Remember(long batch, uint checksum)
    {
        if (_checksums.Count >= ChecksumsMaximum)
            _checksums.Clear();
        _checksums[batch] = checksum;
    }

    private static UnknownCursorException Unknown() => new(
        "is no place in the feed of this ledger as it is: it comes from another history, perhaps from before the ledger was restored from a backup");
}
