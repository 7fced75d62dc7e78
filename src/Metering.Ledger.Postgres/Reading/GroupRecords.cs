using Npgsql;

namespace Metering.Ledger.Postgres;

/// <summary>Reads the records of groups.</summary>
internal sealed class GroupRecords
{
    private const string Named = "SELECT number, uuids FROM usage_group WHERE writer = $1 AND number >= $2 AND number <= $3 ORDER BY number";

    // The group in which the last page ended: whoever follows reads on in it.
    private volatile PartlyRead? _partly;

    /// <summary>The records of groups, in order.</summary>
    /// <param name="connection">To read with.</param>
    /// <param name="slices">Which; on return, those whose records are all there.</param>
    /// <param name="timeoutSeconds">Longest time for each statement.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null when a group is not what it was.</returns>
    public async Task<List<CountedRecord>?> ReadAsync(
        NpgsqlConnection connection, List<GroupSlice> slices, int timeoutSeconds, CancellationToken cancellationToken)
    {
        if (await ReadUuidsAsync(connection, slices, timeoutSeconds, cancellationToken) is not { } uuids)
            return null;
        Dictionary<UInt128, CountedRecord> rows = await ReadRowsAsync(connection, uuids, timeoutSeconds, cancellationToken);
        var records = new List<CountedRecord>(uuids.Length);
        int place = 0;
        for (int index = 0; index < slices.Count; index++)
        {
            for (int end = place + slices[index].Count; place < end; place++)
            {
                if (rows.TryGetValue(RecordUuid.FromGuid(uuids[place]), out CountedRecord record))
                {
                    records.Add(record);
                    continue;
                }

                // On several servers a commit can be seen on one before it is seen on another; elsewhere somebody deleted a row.
                records.RemoveRange(records.Count - (place - end + slices[index].Count), place - end + slices[index].Count);
                slices.RemoveRange(index, slices.Count - index);
                return records;
            }
        }

        return records;
    }

    /// <summary>Those of the records that are counted, by uuid.</summary>
    public static async Task<Dictionary<UInt128, CountedRecord>> ReadRowsAsync(
        NpgsqlConnection connection, Guid[] uuids, int timeoutSeconds, CancellationToken cancellationToken)
    {
        await using var find = new NpgsqlCommand(LedgerReader.RecordsByUuid, connection) { CommandTimeout = timeoutSeconds };
        find.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = uuids });
        await using NpgsqlDataReader row = await find.ExecuteReaderAsync(cancellationToken);
        var rows = new Dictionary<UInt128, CountedRecord>(uuids.Length);
        while (await row.ReadAsync(cancellationToken))
        {
            CountedRecord record = LedgerReader.Record(row);
            rows[record.Uuid] = record;
        }

        return rows;
    }

    private async Task<Guid[]?> ReadUuidsAsync(
        NpgsqlConnection connection, List<GroupSlice> slices, int timeoutSeconds, CancellationToken cancellationToken)
    {
        var groups = new Dictionary<(long Writer, long Number), Guid[]>();
        if (_partly is { } partly && slices[0].Writer == partly.Writer && slices[0].Number == partly.Number)
            groups.Add((partly.Writer, partly.Number), partly.Uuids);
        await ReadGroupsAsync(connection, [.. slices.Where(slice => !groups.ContainsKey((slice.Writer, slice.Number)))], groups, timeoutSeconds, cancellationToken);
        var uuids = new Guid[slices.Sum(slice => slice.Count)];
        int place = 0;
        foreach (GroupSlice slice in slices)
        {
            if (!groups.TryGetValue((slice.Writer, slice.Number), out Guid[]? named) || named.Length < slice.First + slice.Count)
                return null;
            Array.Copy(named, slice.First, uuids, place, slice.Count);
            place += slice.Count;
        }

        GroupSlice last = slices[^1];
        _partly = last.IsWhole ? null : new PartlyRead(last.Writer, last.Number, groups[(last.Writer, last.Number)]);
        return uuids;
    }

    // Of each writer they are groups in a row.
    private static async Task ReadGroupsAsync(
        NpgsqlConnection connection, GroupSlice[] slices, Dictionary<(long Writer, long Number), Guid[]> groups, int timeoutSeconds,
        CancellationToken cancellationToken)
    {
        if (slices.Length == 0)
            return;
        await using NpgsqlBatch batch = connection.CreateBatch();
        batch.Timeout = timeoutSeconds;
        IGrouping<long, GroupSlice>[] writers = [.. slices.GroupBy(slice => slice.Writer)];
        foreach (IGrouping<long, GroupSlice> writer in writers)
        {
            var command = new NpgsqlBatchCommand(Named);
            foreach (long number in (ReadOnlySpan<long>)[writer.Key, writer.First().Number, writer.Last().Number])
                command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = number });
            batch.BatchCommands.Add(command);
        }

        await using NpgsqlDataReader row = await batch.ExecuteReaderAsync(cancellationToken);
        foreach (IGrouping<long, GroupSlice> writer in writers)
        {
            while (await row.ReadAsync(cancellationToken))
                groups[(writer.Key, row.GetInt64(0))] = row.GetFieldValue<Guid[]>(1);
            await row.NextResultAsync(cancellationToken);
        }
    }

    private sealed record PartlyRead(long Writer, long Number, Guid[] Uuids);
}
