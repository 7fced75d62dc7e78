namespace Metering.Faults;

/// <summary>The control of every check of tables: it sees what it must see.</summary>
internal static class TableControl
{
    /// <summary>Damages sound tables and the notes of what was heard.</summary>
    /// <returns>What the scorecard says.</returns>
    public static async Task<string> RunAsync(ScenarioRun run, DatabaseServer server, WrittenRecords written)
    {
        TableCheck sound = await TableCheck.RunAsync(server, written);
        UInt128 one = written.ToConfirmed()[0];
        written.Accepted(one);
        run.Require(sound.IsSound && written.AcceptedTwice == 1, $"A record that was accepted twice is not seen: {sound}");
        await server.ExecuteAsync("UPDATE metering.usage_total SET quantity = quantity + 1, records = records + 1");
        TableCheck edited = await TableCheck.RunAsync(server, written);
        run.Require(edited is { Differences.Count: > 0, Lost.Count: 0 }, $"Edited totals are not seen: {edited}");
        await server.ExecuteAsync("DELETE FROM metering.usage_record WHERE uuid = (SELECT uuid FROM metering.usage_record LIMIT 1)");
        TableCheck deleted = await TableCheck.RunAsync(server, written);
        run.Require(deleted.Lost.Count == 1, $"A deleted record is not seen: {deleted}");
        await server.ExecuteAsync("UPDATE metering.usage_record SET uuid = gen_random_uuid() WHERE uuid = (SELECT uuid FROM metering.usage_record LIMIT 1)");
        TableCheck foreign = await TableCheck.RunAsync(server, written);
        run.Require(foreign is { Lost.Count: 2, Foreign: 1 }, $"A record that nobody sent is not seen: {foreign}");
        return "a record accepted twice, edited totals, a deleted record, one that nobody sent: each seen";
    }
}
