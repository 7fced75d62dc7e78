using System.Buffers.Binary;
using System.Text;
using Npgsql;
using NpgsqlTypes;

namespace Metering.Ledger.Postgres;

/// <summary>Reads rejected records.</summary>
internal sealed class RejectedReader(ConnectionSource source, PostgresStoreOptions options)
{
    private const int PlaceBytes = sizeof(long) + 16;

    private const string Columns = """
        owner, received_unix_nanoseconds, id, request, place, kind, target, uuid, sku, quantity, has_timestamp, timestamp_seconds,
          timestamp_nanoseconds, reason, account, differences, cut
        """;

    // The newest so many are gone through, and no more, however few of them are asked for.
    private const string Newest = """
        SELECT * FROM rejected_record
            WHERE (received_unix_nanoseconds, id) < ($1, $2) AND received_unix_nanoseconds >= $3 AND received_unix_nanoseconds < $4
            ORDER BY received_unix_nanoseconds DESC, id DESC
        """;

    private const string Search = $"""
        SELECT {Columns} FROM ({Newest} LIMIT $5) AS newest
        WHERE ($6::smallint IS NULL OR reason = $6) AND ($7::integer[] IS NULL OR owner = ANY($7)) AND ($8::bytea IS NULL OR sku = $8)
          AND ($9::integer[] IS NULL OR owner = ANY($9) OR (kind = $10 AND target = ANY($11)))
        ORDER BY received_unix_nanoseconds DESC, id DESC LIMIT $12
        """;

    private const string EndOfNewest = $"""
        SELECT received_unix_nanoseconds, id FROM ({Newest} OFFSET $5 LIMIT 1) AS last
        """;

    private const string Find = $"""
        SELECT {Columns}, uuid_key FROM (
          SELECT *, row_number() OVER (PARTITION BY uuid_key ORDER BY received_unix_nanoseconds DESC, id DESC) AS newer
          FROM rejected_record WHERE uuid_key = ANY($1)) AS found
        WHERE newer <= $2 ORDER BY received_unix_nanoseconds DESC, id DESC
        """;

    private const string Figures = """
        SELECT coalesce(sum(records), 0)::bigint, coalesce(sum(bytes), 0)::bigint, coalesce(sum(dropped_records), 0)::bigint,
          (SELECT min(received_unix_nanoseconds) FROM rejected_record)
        FROM rejected_count
        """;

    private const string Replays = """
        SELECT request, started_unix_nanoseconds, operator, reason, as_of_receipt FROM rejected_replay
        ORDER BY started_unix_nanoseconds DESC, request DESC
        """;

    /// <summary>See <see cref="IRejectedRecords.SearchAsync"/>.</summary>
    public async Task<RejectedPage> SearchAsync(
        RejectedQuestion question, ReadOnlyMemory<byte> after, int recordsMaximum, CancellationToken cancellationToken)
    {
        (long received, Guid id) = PlaceOf(after.Span);
        NpgsqlParameter[] newest =
        [
            One(received), One(id), One(question.FromUnixNanoseconds), One(question.ToUnixNanoseconds),
        ];
        List<(RejectedRecord Record, Guid Id)> found = await ReadAsync(
            Search,
            row => (RecordOf(row), row.GetGuid(2)),
            [
                .. newest, One(Limits.RejectedPageExamined), Or(question.Reason is { } reason ? (object)(short)reason : null, NpgsqlDbType.Smallint),
                Or(question.OwnerKeys?.ToArray(), NpgsqlDbType.Array | NpgsqlDbType.Integer), Or(question.SkuId is { } sku ? Utf8(sku) : null, NpgsqlDbType.Bytea),
                Or(question.Scope?.OwnerKeys.ToArray(), NpgsqlDbType.Array | NpgsqlDbType.Integer), One((short)UsageKind.Image),
                Or(question.Scope?.ImageProducts?.Select(Utf8).ToArray() ?? [], NpgsqlDbType.Array | NpgsqlDbType.Bytea), One(recordsMaximum),
            ],
            cancellationToken);
        List<RejectedRecord> records = [.. found.Select(one => one.Record)];
        if (records.Count == recordsMaximum && records.Count > 0)
            return new RejectedPage(records, WritePlace(records[^1].ReceivedUnixNanoseconds, found[^1].Id));

        // Not as many as asked for: either there are no more, or the newest were too many to go through all of them.
        List<(long Received, Guid Id)> end = await ReadAsync(
            EndOfNewest, row => (row.GetInt64(0), row.GetGuid(1)),
            [.. newest.Select(parameter => parameter.Clone()), One(Limits.RejectedPageExamined - 1)], cancellationToken);
        return new RejectedPage(records, end is [var last] ? WritePlace(last.Received, last.Id) : null);
    }

    /// <summary>See <see cref="IRejectedRecords.FindAsync"/>.</summary>
    public async Task<IReadOnlyDictionary<string, IReadOnlyList<RejectedRecord>>> FindAsync(
        IReadOnlyCollection<string> uuids, CancellationToken cancellationToken)
    {
        byte[][] keys = [.. uuids.Select(RejectedText.KeyOf).Distinct().Select(key => RejectedText.Cut(Utf8(key)).ToArray())];
        List<(string Key, RejectedRecord Record)> found = await ReadAsync(
            Find,
            row => (RejectedText.Read(row.GetFieldValue<byte[]>(17)), RecordOf(row)),
            [Or(keys, NpgsqlDbType.Array | NpgsqlDbType.Bytea), One((long)Limits.RejectionsPerUuid)],
            cancellationToken);
        return found.GroupBy(one => one.Key).ToDictionary(
            uuid => uuid.Key, uuid => (IReadOnlyList<RejectedRecord>)[.. uuid.Select(one => one.Record)]);
    }

    /// <summary>See <see cref="IRejectedRecords.ReadFiguresAsync"/>.</summary>
    public async Task<RejectedFigures> ReadFiguresAsync(CancellationToken cancellationToken) => (await ReadAsync(
        Figures,
        row => new RejectedFigures(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.IsDBNull(3) ? null : row.GetInt64(3)),
        [],
        cancellationToken))[0];

    /// <summary>See <see cref="IRejectedRecords.ReadReplaysAsync"/>.</summary>
    public async Task<IReadOnlyList<RejectedReplay>> ReadReplaysAsync(CancellationToken cancellationToken) => await ReadAsync(
        Replays,
        row => new RejectedReplay(row.GetGuid(0), row.GetInt64(1), row.GetString(2), row.GetString(3), row.GetBoolean(4)),
        [],
        cancellationToken);

    private static RejectedRecord RecordOf(NpgsqlDataReader row) => new()
    {
        OwnerKey = row.GetInt32(0),
        ReceivedUnixNanoseconds = row.GetInt64(1),
        RequestId = row.GetGuid(3),
        Place = row.GetInt16(4),
        Kind = (UsageKind)row.GetInt16(5),
        Target = RejectedText.Read(row.GetFieldValue<byte[]>(6)),
        Uuid = RejectedText.Read(row.GetFieldValue<byte[]>(7)),
        SkuId = RejectedText.Read(row.GetFieldValue<byte[]>(8)),
        Quantity = row.GetInt64(9),
        HasTimestamp = row.GetBoolean(10),
        TimestampSeconds = row.GetInt64(11),
        TimestampNanoseconds = row.GetInt32(12),
        Reason = (Verdict)row.GetInt16(13),
        AccountKey = row.GetInt32(14),
        Differences = (RecordDifferences)row.GetInt16(15),
        IsCut = row.GetBoolean(16),
    };

    private static (long Received, Guid Id) PlaceOf(ReadOnlySpan<byte> place) =>
        place.IsEmpty ? (long.MaxValue, Guid.AllBitsSet)
        : place.Length == PlaceBytes ? (BinaryPrimitives.ReadInt64BigEndian(place), new Guid(place[sizeof(long)..], bigEndian: true))
        : throw new UnknownCursorException("No page of rejected records ended there.");

    private static ReadOnlyMemory<byte>? WritePlace(long received, Guid id)
    {
        byte[] place = new byte[PlaceBytes];
        BinaryPrimitives.WriteInt64BigEndian(place, received);
        id.TryWriteBytes(place.AsSpan(sizeof(long)), bigEndian: true, out _);
        return place;
    }

    private async Task<List<T>> ReadAsync<T>(
        string sql, Func<NpgsqlDataReader, T> row, IEnumerable<NpgsqlParameter> parameters, CancellationToken cancellationToken)
    {
        try
        {
            await using NpgsqlConnection connection = await source.OpenAsync(cancellationToken);
            await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = (int)Math.Ceiling(options.ReadTime.TotalSeconds) };
            foreach (NpgsqlParameter parameter in parameters)
                command.Parameters.Add(parameter);
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
            var rows = new List<T>();
            while (await reader.ReadAsync(cancellationToken))
                rows.Add(row(reader));
            return rows;
        }
        catch (NpgsqlException fault)
        {
            throw LedgerReader.BrokenOff(source, fault);
        }
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static NpgsqlParameter One<T>(T value) => new NpgsqlParameter<T> { TypedValue = value };

    private static NpgsqlParameter Or(object? value, NpgsqlDbType type) => new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };
}
