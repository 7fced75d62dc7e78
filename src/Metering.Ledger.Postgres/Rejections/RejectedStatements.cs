using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>The statements that keep rejected records: with the group that rejects them, or after their duplicates were compared.</summary>
internal static class RejectedStatements
{
    /// <summary>Row of <c>rejected_count</c> that everything but the groups writes: the nodes' own have numbers from 0.</summary>
    public const short Everybody = -1;

    private const string KeepText = """
        INSERT INTO rejected_record(
          owner, id, received_unix_nanoseconds, request, place, kind, target, uuid, uuid_key, sku, quantity, has_timestamp,
          timestamp_seconds, timestamp_nanoseconds, reason, account, differences, cut, bytes)
        SELECT $1[i], $2[i], $3[i], $4[i], $5[i], $6[i], $7[i], $8[i], $9[i], $10[i], $11[i], $12[i], $13[i], $14[i], $15[i], $16[i], $17[i],
          $18[i], $19[i]
        FROM generate_series(1, array_length($1, 1)) AS i
        """;

    private const string CountText = """
        INSERT INTO rejected_count(node, records, bytes, dropped_records) VALUES($1, $2, $3, $4)
        ON CONFLICT (node) DO UPDATE
        SET records = rejected_count.records + excluded.records, bytes = rejected_count.bytes + excluded.bytes,
          dropped_records = rejected_count.dropped_records + excluded.dropped_records
        """;

    private const string NoteText = """
        INSERT INTO rejected_replay(request, started_unix_nanoseconds, operator, reason, as_of_receipt) VALUES($1, $2, $3, $4, $5)
        """;

    /// <summary>Keeps, for ever, that rejected records were judged anew.</summary>
    public static NpgsqlBatchCommand Note(RejectedReplay replay)
    {
        var note = new NpgsqlBatchCommand(NoteText);
        note.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = replay.RequestId });
        note.Parameters.Add(new NpgsqlParameter<long> { TypedValue = replay.StartedUnixNanoseconds });
        note.Parameters.Add(new NpgsqlParameter<string> { TypedValue = replay.Operator });
        note.Parameters.Add(new NpgsqlParameter<string> { TypedValue = replay.Reason });
        note.Parameters.Add(new NpgsqlParameter<bool> { TypedValue = replay.IsAsOfReceipt });
        return note;
    }

    /// <summary>Keeps rejected records.</summary>
    public static NpgsqlBatchCommand Keep(RejectedColumns columns)
    {
        var keep = new NpgsqlBatchCommand(KeepText);
        foreach (NpgsqlParameter column in columns.Parameters())
            keep.Parameters.Add(column);
        return keep;
    }

    /// <summary>Adds to what is kept and to what was dropped.</summary>
    public static NpgsqlBatchCommand Count(short node, long records, long bytes, long dropped)
    {
        var count = new NpgsqlBatchCommand(CountText);
        count.Parameters.Add(new NpgsqlParameter<short> { TypedValue = node });
        foreach (long number in new[] { records, bytes, dropped })
            count.Parameters.Add(new NpgsqlParameter<long> { TypedValue = number });
        return count;
    }
}
