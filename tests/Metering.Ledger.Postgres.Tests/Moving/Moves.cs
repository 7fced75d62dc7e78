using Metering.Ledger.Sqlite;
using Metering.Server;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>Moves a ledger as `metering migrate` does, whole or with parts of it in the test's hands.</summary>
internal static class Moves
{
    public static MigrationOptions Options(SourceLedger source, SchemaPlace place) =>
        new(source.Folder, $"{place.Server.Connection()};Search Path={place.Schema}") { TransactionRecords = 100 };

    public static Task<MoveReport> RunAsync(SourceLedger source, SchemaPlace place) =>
        Program.MigrateAsync(Options(source, place), new Progress(), TestLedger.Stop);

    /// <summary>Moves into a target that the test has changed.</summary>
    public static async Task<MoveReport> RunAsync(SourceLedger source, SchemaPlace place, Func<ILedgerTarget, ILedgerTarget> change)
    {
        await using SqliteLedgerSource ledger = SqliteLedgerSource.Open(source.LedgerFile);
        await using ILedgerTarget target = change(await PostgresLedgerTarget.OpenAsync(place.Options(new StoreShape()), TestLedger.Stop));
        LedgerMove move = await LedgerMove.BeginAsync(ledger, target, source.AdminToken, Options(source, place).TransactionRecords, new Progress(), TestLedger.Stop);
        return await move.RunAsync(TestLedger.Stop);
    }

    /// <summary>Why a server does not open the place.</summary>
    public static async Task<string> RefusalAsync(SchemaPlace place, TimeProvider time) =>
        (await Assert.ThrowsAsync<StoreException>(() => place.OpenAsync(new StoreShape(), time))).Message;

    /// <summary>Remembers what was told.</summary>
    internal sealed class Progress : IProgress<MoveProgress>
    {
        public List<MoveProgress> Told { get; } = [];

        public void Report(MoveProgress value) => Told.Add(value);
    }
}
