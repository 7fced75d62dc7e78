namespace Metering.Ledger.Sqlite;

/// <summary>What a verification finds: the first differences in words, and the archives that are not there.</summary>
internal sealed class Findings
{
    private const int DifferencesListed = 100;

    private readonly List<string> _differences = [];
    private readonly List<string> _absent = [];

    /// <summary>Notes a difference.</summary>
    public void Tell(string difference)
    {
        if (_differences.Count < DifferencesListed)
            _differences.Add(difference);
    }

    /// <summary>Notes an archive that is not there, which is no difference.</summary>
    public void Miss(string archive) => _absent.Add(archive);

    /// <summary>Everything that was found.</summary>
    /// <param name="records">Records that were read.</param>
    public LedgerVerification Of(long records) => new(records, [.. _differences]) { AbsentArchives = [.. _absent] };

    /// <summary>Reads something; that it cannot be read is a difference.</summary>
    /// <param name="what">What it is, in words that "cannot be read" can follow.</param>
    /// <param name="reading">Reads it.</param>
    public void Try(string what, Action reading) => Try(
        what,
        () =>
        {
            reading();
            return true;
        });

    /// <summary>The same, of something that has a value: the default where it cannot be read.</summary>
    public T? Try<T>(string what, Func<T> reading)
    {
        try
        {
            return reading();
        }
        catch (SqliteFault fault)
        {
            Tell($"The ledger's file is damaged: {what} cannot be read ({fault.Message}). Restore it from a backup.");
        }
        catch (StoreException damage)
        {
            Tell(damage.Message);
        }

        return default;
    }

    /// <summary>The same, in one state of the ledger.</summary>
    public void TryInOneState(Database database, string what, Action reading) => Try(what, () =>
    {
        database.Execute("BEGIN");
        try
        {
            reading();
        }
        finally
        {
            database.Execute("COMMIT");
        }
    });
}
