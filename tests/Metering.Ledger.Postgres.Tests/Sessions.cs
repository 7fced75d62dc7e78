namespace Metering.Ledger.Postgres.Tests;

/// <summary>What the sessions of a server are doing.</summary>
internal static class Sessions
{
    private const string WaitingForStandby = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'";

    /// <summary>Waits until so many commits wait for a standby.</summary>
    public static async Task WaitForStandbyWaitAsync(this PostgresServer server, int count = 1)
    {
        while (await server.QueryAsync<long>($"SELECT count(*) {WaitingForStandby}") < count)
            await Task.Delay(10, TestLedger.Stop);
    }

    /// <summary>Cancels every commit's wait for a standby, as an impatient administrator would.</summary>
    public static Task CancelStandbyWaitsAsync(this PostgresServer server) =>
        server.ExecuteAsync($"SELECT pg_cancel_backend(pid) {WaitingForStandby}");

    /// <summary>Lets commits wait for a standby that there is not.</summary>
    public static Task DemandStandbyAsync(this PostgresServer server) => server.SetAsync("synchronous_standby_names", "missing");

    /// <summary>Lets them go again.</summary>
    public static Task DemandNoStandbyAsync(this PostgresServer server) => server.SetAsync("synchronous_standby_names", "");
}
