using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>Where a group stands in the order of commits.</summary>
/// <param name="Writer">Who committed it.</param>
/// <param name="Number">Which of the writer's groups it is; they count from 1 without a gap.</param>
/// <param name="AcceptedUnixNanoseconds">No record in it, or in a group of the writer before it, was accepted later.</param>
internal readonly record struct GroupPlace(long Writer, long Number, long AcceptedUnixNanoseconds);

/// <summary>
/// The groups that one connection of a lane commits, one after the other, under a number that no connection had before. The
/// next group's number follows only when this one's commit is confirmed; when its outcome is not known, the connection is given
/// up and the writer with it. So a group of a writer becomes visible only after all before it, and a number, once there, is
/// for ever the same group: whoever has read up to a number has missed nothing and never will (docs/adr/0009).
/// </summary>
internal sealed class Writer(long number)
{
    /// <summary>Writer of records that were moved here, or were counted before there were groups.</summary>
    public const long Moved = 0;

    private const string TakeText = "UPDATE writer_number SET given = given + 1 WHERE id = 1 RETURNING given";

    // What an ended writer has as its last group. Its uuids are none, as those of no other group are.
    private const string EndText = """
        INSERT INTO usage_group(writer, number, records, accepted_unix_nanoseconds, uuids) VALUES($1, $2, 0, $3, $4)
        ON CONFLICT (writer, number) DO NOTHING
        """;

    private long _last;
    private long _acceptedUnixNanoseconds;

    /// <summary>Takes a number that was never given.</summary>
    public static async Task<Writer> TakeAsync(NpgsqlConnection connection)
    {
        await using var take = new NpgsqlCommand(TakeText, connection);
        object? given = null;
        await ConfirmedCommit.RunAsync(connection, async () => given = await take.ExecuteScalarAsync(CancellationToken.None));
        return new Writer((long)given!);
    }

    /// <summary>The place of the next group; the same again until <see cref="Advance"/>.</summary>
    /// <param name="acceptedUnixNanoseconds">The group's moment: see <see cref="GroupClock"/>.</param>
    public GroupPlace Next(long acceptedUnixNanoseconds) => new(number, _last + 1, Math.Max(acceptedUnixNanoseconds, _acceptedUnixNanoseconds));

    /// <summary>The group at the place is committed, without any doubt.</summary>
    public void Advance(GroupPlace place) => (_last, _acceptedUnixNanoseconds) = (place.Number, place.AcceptedUnixNanoseconds);

    /// <summary>Lets no group come after the last one any more, so that cursors may forget the writer once they have read it.</summary>
    public Task EndAsync(NpgsqlConnection connection) => EndAsync(connection, Next(0));

    /// <summary>
    /// Ends a writer, whoever it is, before the group at this place: the key is taken, so that such a group, if its commit comes
    /// after all, is refused as a whole. Does nothing when the group is there: the writer lives, or did.
    /// </summary>
    public static async Task EndAsync(NpgsqlConnection connection, GroupPlace place)
    {
        await using var end = new NpgsqlCommand(EndText, connection);
        end.Parameters.Add(new NpgsqlParameter<long> { TypedValue = place.Writer });
        end.Parameters.Add(new NpgsqlParameter<long> { TypedValue = place.Number });
        end.Parameters.Add(new NpgsqlParameter<long> { TypedValue = place.AcceptedUnixNanoseconds });
        end.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [] });
        await end.ExecuteNonQueryAsync(CancellationToken.None);
    }
}
