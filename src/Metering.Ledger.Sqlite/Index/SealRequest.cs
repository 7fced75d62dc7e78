namespace Metering.Ledger.Sqlite;

/// <summary>A table that is full and stays as it is until it has become a run.</summary>
/// <param name="Table">Its entries.</param>
/// <param name="FirstBatch">The first batch that it covers.</param>
/// <param name="LastBatch">The last one.</param>
internal sealed record SealRequest(KeyTable Table, long FirstBatch, long LastBatch);
