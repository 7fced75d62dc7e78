using Npgsql;
using NpgsqlTypes;

namespace Metering.Ledger.Postgres;

/// <summary>
/// Places in the feed that come with a ledger. Moved records are the groups of one writer, in the order of the source
/// (<see cref="MovedGroups"/>), so that a place is found by how many records come before it.
/// </summary>
internal sealed class MovedConsumers
{
    private readonly LedgerEnds _ends;
    private readonly long[] _upTo; // of each group, the records of the groups up to it; 0 for none

    private MovedConsumers(Guid ledger, List<long> upTo)
    {
        _upTo = [.. upTo];
        _ends = new LedgerEnds(ledger, [new WriterEnd(_upTo.Length - 1, IsEnded: false, 0, 0)]);
    }

    /// <summary>Looks at the groups that were moved, after the last of them was.</summary>
    public static async Task<MovedConsumers> LookAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        Guid ledger = await LedgerName.AgreeAsync(connection);
        await using var ask = new NpgsqlCommand("SELECT records FROM usage_group WHERE writer = $1 ORDER BY number", connection);
        ask.Parameters.Add(new NpgsqlParameter<long> { TypedValue = Writer.Moved });
        await using NpgsqlDataReader row = await ask.ExecuteReaderAsync(cancellationToken);
        var upTo = new List<long> { 0 };
        while (await row.ReadAsync(cancellationToken))
            upTo.Add(upTo[^1] + row.GetInt32(0));
        return new MovedConsumers(ledger, upTo);
    }

    /// <summary>Keeps them within the caller's transaction.</summary>
    public async Task AddAsync(NpgsqlConnection connection, IReadOnlyList<MovedConsumer> consumers, CancellationToken cancellationToken)
    {
        foreach (MovedConsumer consumer in consumers)
        {
            await using var add = new NpgsqlCommand(
                "INSERT INTO feed_consumer(scope, name, cursor, saved_unix_nanoseconds) VALUES($1, $2, $3, $4)", connection);
            add.Parameters.Add(new NpgsqlParameter<string> { TypedValue = consumer.Scope });
            add.Parameters.Add(new NpgsqlParameter<string> { TypedValue = consumer.Name });
            add.Parameters.Add(new NpgsqlParameter
            {
                NpgsqlDbType = NpgsqlDbType.Bytea, Value = PlaceAfter(consumer.RecordsBefore).ToCursor(_ends).Bytes.ToArray(),
            });
            add.Parameters.Add(new NpgsqlParameter<long> { TypedValue = consumer.SavedUnixNanoseconds });
            await add.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <summary>Those that are kept.</summary>
    public async Task<IReadOnlyList<MovedConsumer>> ReadAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var ask = new NpgsqlCommand("SELECT scope, name, cursor, saved_unix_nanoseconds FROM feed_consumer", connection);
        await using NpgsqlDataReader row = await ask.ExecuteReaderAsync(cancellationToken);
        var found = new List<MovedConsumer>();
        while (await row.ReadAsync(cancellationToken))
        {
            FeedPlace place = FeedPlace.Of(new LedgerCursor(row.GetFieldValue<byte[]>(2)), _ends);
            found.Add(new MovedConsumer(row.GetString(0), row.GetString(1), _upTo[place.ReadOf(Writer.Moved)] + place.PartRecords, row.GetInt64(3)));
        }

        return found;
    }

    private FeedPlace PlaceAfter(long records)
    {
        int found = Array.BinarySearch(_upTo, records);
        int groups = found >= 0 ? found : ~found - 1;
        var place = new FeedPlace();
        place.Advance(Writer.Moved, groups);
        if (records > _upTo[groups])
            place.AdvanceWithin(Writer.Moved, (int)(records - _upTo[groups]));
        return place;
    }
}
