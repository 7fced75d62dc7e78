using Metering.Ledger;
using Metering.Ledger.Postgres;

namespace Metering.Faults;

/// <summary>What the checks of tables found, added up, and the last ones, which come when nobody sends any more.</summary>
internal sealed class TableTally
{
    private const int SampleRecords = 5_000;

    private long _lost;
    private long _differences;
    private long _replayed;
    private long _others;

    /// <summary>Notes a check, which must have found nothing.</summary>
    public void Judge(ScenarioRun run, TableCheck check)
    {
        run.Require(check.IsSound, $"Seed {run.Seed}: {check}");
        _lost += check.Lost.Count;
        _differences += check.Differences.Count + check.Foreign;
    }

    /// <summary>
    /// Lets the clients come to an end, sends a sample again, stops the nodes and checks everything, with the product's own
    /// verification too.
    /// </summary>
    /// <param name="run">The scenario.</param>
    /// <param name="server">The database.</param>
    /// <param name="nodes">The nodes; they are stopped.</param>
    /// <param name="clients">The clients.</param>
    /// <param name="written">What they heard.</param>
    public async Task CloseAsync(ScenarioRun run, DatabaseServer server, ServerNodes nodes, WireClients clients, WrittenRecords written)
    {
        await clients.EndAsync();
        UInt128[] confirmed = written.ToConfirmed();
        UInt128[] sample = confirmed.Length <= SampleRecords ? confirmed : run.Random.GetItems(confirmed, SampleRecords);
        _others = await Replay.CountOthersAsync(nodes[0].Server, nodes[0].Token, sample);
        _replayed = sample.Length;
        run.Require(_others == 0, $"{_others} records that were confirmed are not DUPLICATE when they are sent again.");
        await nodes.StopAsync(run);
        await CheckLastAsync(run, server, written);
        run.Require(clients.OtherStatuses.Count == 0, $"Statuses other than OK and UNAVAILABLE were answered: {string.Join(", ", clients.OtherStatuses)}.");
        Report(run, clients, written);
    }

    private async Task CheckLastAsync(ScenarioRun run, DatabaseServer server, WrittenRecords written)
    {
        TableCheck last = await TableCheck.RunAsync(server, written);
        Judge(run, last);
        run.Tell($"at the end: {last}");
        run.Require(written.Unconfirmed == 0, $"{written.Unconfirmed} records were sent again and again, and never answered.");
        run.Require(last.Records == written.Confirmed, $"{written.Confirmed} records were confirmed, and {last.Records} are counted.");
        run.Require(written.AcceptedTwice == 0, $"{written.AcceptedTwice} records were accepted twice.");
        run.Require(written.NeverAccepted() == 0, $"{written.NeverAccepted()} records were always heard of, and never as accepted.");
        foreach (string fault in written.Faults.Take(5))
            run.Fault(fault);
        await using PostgresStore store = await PostgresStore.OpenAsync(
            new PostgresStoreOptions(server.Connection) { IsUnsafeCommitAllowed = true }, CancellationToken.None);
        LedgerVerification verification = await store.Ledger.VerifyAsync(CancellationToken.None);
        run.Require(
            verification.Differences.Count == 0 && verification.Records == last.Records,
            $"The product's own verification: {verification.Records} records, {string.Join(' ', verification.Differences.Take(3))}");
    }

    private void Report(ScenarioRun run, WireClients clients, WrittenRecords written)
    {
        run.Count("records confirmed", written.Confirmed);
        run.Count("lost", _lost);
        run.Count("accepted twice", written.AcceptedTwice);
        run.Count("differences", _differences);
        run.Count("sent again at the end", _replayed);
        run.Count("of them not DUPLICATE", _others);
        run.Count("requests answered OK", clients.Answered);
        run.Count("UNAVAILABLE", clients.Refused);
        run.Count("without an answer", clients.Unanswered);
        run.Count("otherwise", clients.OtherStatuses.Count);
    }
}
