namespace Metering.Faults;

/// <summary>The control of every check of a whole ledger: it sees what it must see.</summary>
internal static class CheckControl
{
    /// <summary>Damages copies of a sound ledger and checks them.</summary>
    /// <returns>What the scorecard says.</returns>
    public static async Task<string> RunAsync(ScenarioRun run, LedgerUnderLoad ledger, LedgerCheck sound)
    {
        string copy = ledger.Data + "-control";
        ledger.Copy(copy);
        string file = Path.Combine(copy, "ledger.db");
        LedgerCheck lost = await LedgerCheck.RunAsync(file, ledger.Acknowledged.Append((UInt128)42));
        run.Require(sound.IsSound && lost.Lost.Count == 1, $"An invented uuid is not seen: {lost}");
        LedgerCheck twice = await LedgerCheck.RunAsync(file, ledger.Acknowledged.Append(ledger.Acknowledged[0]));
        run.Require(twice.AcknowledgedTwice == 1, $"A record that was acknowledged twice is not seen: {twice}");
        SqliteFile.Execute(file, "UPDATE hour_total SET quantity = randomblob(16), records = records + 1");
        LedgerCheck edited = await LedgerCheck.RunAsync(file, ledger.Acknowledged);
        run.Require(edited.Differences.Count >= 2 && edited.Lost.Count == 0, $"Edited totals are not seen: {edited}");
        SqliteFile.Execute(file, "DELETE FROM batch WHERE number = 1");
        LedgerCheck deleted = await LedgerCheck.RunAsync(file, ledger.Acknowledged);
        run.Require(deleted.Lost.Count > 0, $"A deleted batch is not seen: {deleted}");
        Directory.Delete(copy, recursive: true);
        return "an invented uuid, a record acknowledged twice, edited totals, a deleted batch: each seen";
    }
}
