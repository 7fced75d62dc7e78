namespace Metering.Ledger.Postgres.Tests;

/// <summary>The PostgreSQL store keeps the contract of every store, and that of a shared one.</summary>
public sealed class PostgresContract : SharedStoreContract
{
    protected override int Steps => 60;

    protected override async Task<StorePlace> MakePlaceAsync() => await SchemaPlace.MakeAsync();
}

/// <summary>One node tells of its records as every store does.</summary>
public sealed class PostgresRecordsContract : RecordsContract
{
    protected override bool IsOrderOne => false; // its lanes commit side by side

    protected override async Task<StorePlace> MakePlaceAsync() => await SchemaPlace.MakeAsync();
}

/// <summary>And so do several over one database.</summary>
public sealed class SharedPostgresRecordsContract : RecordsContract
{
    protected override int Nodes => 3;

    protected override bool IsOrderOne => false;

    protected override async Task<StorePlace> MakePlaceAsync() => await SchemaPlace.MakeAsync();
}
