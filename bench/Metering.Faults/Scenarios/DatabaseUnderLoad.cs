namespace Metering.Faults;

/// <summary>A database, nodes over it, clients that send to them, and what these heard: what the scenarios over PostgreSQL begin with.</summary>
internal sealed class DatabaseUnderLoad : IAsyncDisposable
{
    // Some twenty clients so keep a few groups under way at any moment, and leave the processors something for what breaks them.
    private const int PauseMilliseconds = 60;

    private readonly TemporaryDirectory _folder;

    private DatabaseUnderLoad(TemporaryDirectory folder, DatabaseServer server, string[] nodeArguments)
    {
        _folder = folder;
        Server = server;
        Nodes = new ServerNodes(folder, nodeArguments);
    }

    /// <summary>The database; another one after a failover.</summary>
    public DatabaseServer Server { get; set; }

    public ServerNodes Nodes { get; }

    public WrittenRecords Written { get; } = new();

    /// <summary>The clients, once there are any.</summary>
    public WireClients? Clients { get; private set; }

    /// <summary>Makes a database; nothing uses it yet.</summary>
    /// <param name="settings">Its settings beside the defaults.</param>
    /// <param name="nodeArguments">What nodes are started with.</param>
    public static async Task<DatabaseUnderLoad> CreateAsync(string[]? settings = null, string[]? nodeArguments = null)
    {
        var folder = new TemporaryDirectory();
        try
        {
            return new DatabaseUnderLoad(folder, await DatabaseServer.CreateAsync(folder["a"], settings ?? []), nodeArguments ?? []);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>A folder for a database.</summary>
    public string PlaceOf(string name) => _folder[name];

    /// <summary>Starts nodes, and clients that send new records to them without end.</summary>
    /// <param name="run">Gives the seed.</param>
    /// <param name="nodes">How many nodes.</param>
    /// <param name="clients">How many clients.</param>
    /// <param name="connection">How the nodes reach the database; null for its socket.</param>
    public async Task SendAsync(ScenarioRun run, int nodes, int clients, string? connection = null)
    {
        await Nodes.StartAsync(connection ?? Server.Connection, nodes);
        Clients = WireClients.Start(Nodes, new NewRecords(Written), Written, clients, run.Random.Next(), PauseMilliseconds);
    }

    /// <summary>Starts clients that send these records to the nodes that there are.</summary>
    public WireClients Send(ScenarioRun run, IRecordSource source, int clients) =>
        Clients = WireClients.Start(Nodes, source, Written, clients, run.Random.Next());

    /// <summary>Checks the tables as they are at this moment.</summary>
    public Task<TableCheck> CheckAsync() => TableCheck.RunAsync(Server, Written);

    public async ValueTask DisposeAsync()
    {
        if (Clients is not null)
            await Clients.DisposeAsync();
        await Nodes.DisposeAsync();
        await Server.DisposeAsync();
        _folder.Dispose();
    }
}
