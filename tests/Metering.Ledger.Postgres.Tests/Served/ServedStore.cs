using Metering.Server;
using Metering.Server.Tests;

namespace Metering.Ledger.Postgres.Tests;

/// <summary>Where the ledger of a whole server is kept, in the words of the tests that run on each.</summary>
internal static class ServedStore
{
    public const string Embedded = "embedded";
    public const string Postgres = "postgres";

    /// <summary>A place of its own for one test's servers.</summary>
    public static async Task<ServedPlace> MakeAsync(string store, TimeSpan acceptanceWindow) =>
        new(store == Postgres ? await SchemaPlace.MakeAsync() : null, acceptanceWindow);
}

/// <summary>A place for the ledger of one test's servers: a data directory, or a schema that several of them share.</summary>
internal sealed class ServedPlace(SchemaPlace? schema, TimeSpan acceptanceWindow) : IAsyncDisposable
{
    // So little is enough in the embedded store that a small test's index is sealed and merged all the time.
    static ServedPlace() => Program.StoreOptions = options => options with { IndexRecentUuids = 30, IndexFanIn = 3 };

    /// <summary>Whether every reader is told of records in the order of their acceptance, and not in one of its own.</summary>
    public bool IsOrderOne => schema is null;

    /// <summary>Changes what is kept, behind the servers' backs.</summary>
    public Task TamperAsync(string sql) => schema!.Server.ExecuteAsync($"SET search_path = {schema.Schema}; {sql}");

    /// <summary>Starts a node.</summary>
    public Task<RunningServer> StartAsync(SettableTime time) => RunningServer.StartAsync(Use, time: time, catalogYaml: HistoryPlan.Catalog);

    /// <summary>Stops a node and starts it again.</summary>
    public Task<RunningServer> RestartAsync(RunningServer node) => node.RestartAsync(Use);

    public ValueTask DisposeAsync() => schema?.DisposeAsync() ?? ValueTask.CompletedTask;

    private void Use(ServerOptions options)
    {
        (options.AcceptanceWindow, options.TokenLifetime) = (acceptanceWindow, TimeSpan.FromDays(7));
        if (schema is not null)
            options.Store = $"{ServerOptions.PostgresPrefix} {schema.Server.Connection()};Search Path={schema.Schema}";
    }
}
