namespace Metering.Faults;

/// <summary>What the checks of whole ledgers found, added up.</summary>
internal sealed class LedgerTally
{
    private const int SampleRecords = 20_000;

    private long _acknowledged;
    private long _lost;
    private long _twice;
    private long _differences;
    private long _replayed;
    private long _others;

    /// <summary>Notes a check, which must have found nothing.</summary>
    public void Judge(ScenarioRun run, LedgerCheck check)
    {
        run.Require(check.IsSound, $"Seed {run.Seed}: {check}");
        _lost += check.Lost.Count;
        _twice += check.CountedTwice + check.AcknowledgedTwice;
        _differences += check.Differences.Count;
    }

    /// <summary>Sends records again that were acknowledged, or a large sample of them; each must be a duplicate.</summary>
    public async Task ReplayAsync(ScenarioRun run, LedgerUnderLoad ledger, MeteringProcess server, IReadOnlyList<UInt128> acknowledged)
    {
        UInt128[] sample = acknowledged.Count <= SampleRecords
            ? [.. acknowledged]
            : [.. run.Random.GetItems(acknowledged.ToArray(), SampleRecords), acknowledged[0], acknowledged[^1]];
        int others = await ledger.ReplayAsync(server, sample);
        run.Require(others == 0, $"{others} records that were acknowledged are not DUPLICATE after the restart.");
        _replayed += sample.Length;
        _others += others;
    }

    /// <summary>Notes that nothing more will be acknowledged in a ledger.</summary>
    public void Close(LedgerUnderLoad ledger) => _acknowledged += ledger.Acknowledged.Count;

    /// <summary>Hands the sums to the scorecard.</summary>
    public void Report(ScenarioRun run)
    {
        run.Count("records acknowledged", _acknowledged);
        run.Count("lost", _lost);
        run.Count("counted twice", _twice);
        run.Count("differences", _differences);
        run.Count("sent again", _replayed);
        run.Count("of them not DUPLICATE", _others);
    }
}
