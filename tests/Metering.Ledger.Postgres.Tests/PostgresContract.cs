namespace Metering.Ledger.Postgres.Tests;

/// <summary>The PostgreSQL store keeps the contract of every store, and that of a shared one.</summary>
public sealed class PostgresContract : SharedStoreContract
{
    protected override int Steps => 60;

    protected override async Task<StorePlace> MakePlaceAsync() => await SchemaPlace.MakeAsync();
}
