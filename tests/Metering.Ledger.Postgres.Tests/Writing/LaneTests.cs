using Npgsql;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>Groups that are under way side by side.</summary>
public sealed class LaneTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public async Task A_node_has_as_many_groups_under_way_as_it_may_and_the_others_wait(int lanes)
    {
        await using SchemaPlace place = await SchemaPlace.MakeAsync(options =>
            options with { Lanes = lanes, Connection = options.Connection + $";Application Name=lanes-{lanes}" });
        await using Nodes nodes = await Nodes.OpenAsync(place, new StoreShape { GroupRequests = 1 }, 1);
        Task<LedgerAnswer>[] writes;
        await using (var source = NpgsqlDataSource.Create(place.Server.Connection()))
        await using (NpgsqlConnection other = await source.OpenConnectionAsync(TestLedger.Stop))
        await using (NpgsqlTransaction transaction = await other.BeginTransactionAsync(TestLedger.Stop))
        {
            await using var hold = new NpgsqlCommand($"LOCK TABLE {place.Schema}.usage_record", other);
            await hold.ExecuteNonQueryAsync(TestLedger.Stop);
            writes = [.. Enumerable.Range(1, 3 * lanes).Select(id => nodes.First.WriteAsync(id))];
            while (await place.Server.QueryAsync<long>(
                $"SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lanes-{lanes}' AND wait_event_type = 'Lock'") < lanes)
            {
                await Task.Delay(5, TestLedger.Stop);
            }
        }

        Assert.All(await Task.WhenAll(writes), answer => Assert.Equal(LedgerAnswer.Committed, answer));
        Assert.Equal(lanes, await place.Server.QueryAsync<long>($"SELECT count(DISTINCT writer) FROM {place.Schema}.usage_group WHERE records > 0"));
        await nodes.First.AssertSoundAsync();
    }
}
