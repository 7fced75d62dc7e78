using SQLitePCL;

namespace Metering.Ledger.Sqlite;

/// <summary>SQLite refused something; never leaves this assembly except as the cause of a <see cref="StoreException"/>.</summary>
internal sealed class SqliteFault(int code, string message) : Exception($"SQLite error {code}: {message}")
{
    /// <summary>SQLite's primary result code.</summary>
    public int PrimaryCode => code & 0xFF;

    /// <summary>No space left, and nothing of the transaction was kept.</summary>
    public bool IsFull => PrimaryCode == raw.SQLITE_FULL;
}
