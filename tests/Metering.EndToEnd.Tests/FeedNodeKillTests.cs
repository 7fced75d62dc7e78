using Npgsql;

namespace Metering.EndToEnd.Tests;

/// <summary>
/// The feed of several nodes over PostgreSQL, read from one while another is killed: every accepted record once, none
/// missing, also when the killed node's writers are ended by the next node that starts.
/// </summary>
public sealed class FeedNodeKillTests : IDisposable
{
    private const int Nodes = 3;
    private const int Clients = 8;
    private const int Kills = 2;
    private const int RecordsBetween = 400;
    private const int PauseMilliseconds = 300;
    private const int Seed = 20_260_103;

    // As if everything so far had been written long ago: writers that write no more are quiet then, and those that do are not.
    private const string TimePasses =
        "UPDATE metering.usage_group SET accepted_unix_nanoseconds = accepted_unix_nanoseconds - 1200 * 1000000000::bigint";

    private readonly TemporaryDirectory _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_reader_of_one_node_is_told_of_every_record_once_while_another_is_killed_and_its_writers_are_ended()
    {
        await using DatabaseServer database = await DatabaseServer.CreateAsync(_folder["a"]);
        await using var nodes = new ServerNodes(_folder);
        await nodes.StartAsync(database.Connection, Nodes);
        var written = new WrittenRecords();
        await using WireClients clients = WireClients.Start(nodes, new NewRecords(written), written, Clients, Seed, PauseMilliseconds);
        using FeedFollower follower = new(nodes[0].Server), careless = new(nodes[0].Server, isCareless: true);
        using var ended = new CancellationTokenSource();
        Task following = Task.WhenAll(follower.FollowAsync(ended.Token), careless.FollowAsync(ended.Token));
        for (int kill = 1; kill <= Kills; kill++)
        {
            await written.WaitForMoreAsync(RecordsBetween);
            await nodes[kill].Server.KillAsync();
            await database.ExecuteAsync(TimePasses);
            await written.WaitForMoreAsync(RecordsBetween);
            long before = await EndedAsync(database);
            await nodes.KillAndReplaceAsync(kill);
            await Waiting.UntilAsync("the killed node's writers to be ended", async () => await EndedAsync(database) > before);
        }

        await written.WaitForMoreAsync(RecordsBetween);
        await clients.EndAsync();
        await ended.CancelAsync();
        await following;

        Assert.Empty(written.Faults);
        Assert.True(clients.Unanswered > 0, "No client noticed a kill: nothing was broken.");
        Assert.True((await TableCheck.RunAsync(database, written)).IsSound);
        List<string> accepted = await AcceptedAsync(database);
        Assert.Equal(accepted, follower.Seen.Order(StringComparer.Ordinal));
        Assert.NotEmpty(accepted.Except(careless.Seen)); // the control: what a place was not given for is missed, and seen to be
    }

    private static async Task<long> EndedAsync(DatabaseServer database) =>
        (await ReadAsync(database, "SELECT writer::text FROM metering.usage_group WHERE records = 0 AND writer > 0")).Count;

    private static async Task<List<string>> AcceptedAsync(DatabaseServer database) =>
        [.. (await ReadAsync(database, "SELECT uuid::text FROM metering.usage_record")).Order(StringComparer.Ordinal)];

    private static async Task<List<string>> ReadAsync(DatabaseServer database, string sql)
    {
        await using NpgsqlConnection connection = await database.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await using NpgsqlDataReader row = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var values = new List<string>();
        while (await row.ReadAsync(TestContext.Current.CancellationToken))
            values.Add(row.GetString(0));
        return values;
    }
}
