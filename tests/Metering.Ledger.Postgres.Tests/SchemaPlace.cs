namespace Metering.Ledger.Postgres.Tests;

/// <summary>A schema of its own in the database that the tests share.</summary>
internal sealed class SchemaPlace(PostgresServer server, string schema) : StorePlace
{
    private static int s_schemas;

    /// <summary>Changes the options of every store that is opened here.</summary>
    public Func<PostgresStoreOptions, PostgresStoreOptions> Configure { get; init; } = options => options;

    public string Schema => schema;

    public PostgresServer Server => server;

    public static async Task<SchemaPlace> MakeAsync(Func<PostgresStoreOptions, PostgresStoreOptions>? configure = null) =>
        Make(await PostgresServer.SharedAsync(), configure);

    public static SchemaPlace Make(PostgresServer server, Func<PostgresStoreOptions, PostgresStoreOptions>? configure = null) =>
        new(server, $"ledger{Interlocked.Increment(ref s_schemas)}") { Configure = configure ?? (options => options) };

    public PostgresStoreOptions Options(StoreShape shape)
    {
        var options = new PostgresStoreOptions($"{server.Connection()};Search Path={schema}") { QueueRequests = shape.QueueRequests };
        return Configure(options with
        {
            GroupRequests = Math.Min(Math.Min(shape.GroupRequests, shape.QueueRequests), options.GroupRequests),
            Lanes = shape.Seed == 0 ? options.Lanes : 1 + (shape.Seed % 4),
            Rejections = shape.Rejections,
            AreDuplicatesRewritten = shape.Seed % 3 == 1,
        });
    }

    public override async Task<IMeteringStore> OpenAsync(StoreShape shape, TimeProvider time) => await PostgresStore.OpenAsync(Options(shape), TestLedger.Stop);

    // A server of the test's own goes as a whole, and may be in no state to be asked for anything.
    public override async ValueTask DisposeAsync()
    {
        if (server.IsShared)
            await server.ExecuteAsync($"DROP SCHEMA IF EXISTS {schema} CASCADE");
    }
}
