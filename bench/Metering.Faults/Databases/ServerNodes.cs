using System.Text.Json;
using Yandex.Cloud.Iam.V1;

namespace Metering.Faults;

/// <summary>One server, the clients' connections to it, and the token that it knows.</summary>
internal sealed record ServerNode(MeteringProcess Server, string Connection, IReadOnlyList<PlainClient> Clients, string Token);

/// <summary>
/// Servers over one database, each in a process of its own with a data directory of its own. They can be killed and started
/// again while clients send.
/// </summary>
internal sealed class ServerNodes(TemporaryDirectory folder, params string[] arguments) : IAsyncDisposable
{
    private const string CreateToken = "/yandex.cloud.iam.v1.IamTokenService/CreateForServiceAccount";
    private const int ConnectionsPerNode = 8; // one address may have so many; clients share them, each with streams of its own

    private readonly List<PlainClient> _connections = [];
    private readonly List<ServerNode> _nodes = [];
    private int _directories;

    public int Count => _nodes.Count;

    public ServerNode this[int index]
    {
        get
        {
            lock (_nodes)
                return _nodes[index];
        }
    }

    /// <summary>Starts the first server, with the sample's catalog, and more at once.</summary>
    /// <param name="connection">How the database is reached.</param>
    /// <param name="count">How many in all.</param>
    public async Task StartAsync(string connection, int count)
    {
        MeteringProcess first = await ServeAsync(connection, "--catalog", SampleIds.Catalog);
        string token = await CreateTokenAsync(first);
        Add(first, connection, token);
        foreach (MeteringProcess server in await Task.WhenAll(Enumerable.Range(1, count - 1).Select(_ => ServeAsync(connection))))
            Add(server, connection, token);
    }

    /// <summary>kill -9, and another server in its place.</summary>
    public async Task KillAndReplaceAsync(int index)
    {
        ServerNode node = this[index];
        await node.Server.KillAsync();
        ServerNode next = Connect(await ServeAsync(node.Connection), node.Connection, node.Token);
        lock (_nodes)
            _nodes[index] = next;
        await node.Server.DisposeAsync();
    }

    /// <summary>Stops them all in order.</summary>
    public async Task StopAsync(ScenarioRun run)
    {
        foreach (ServerNode node in _nodes)
        {
            int exitCode = await node.Server.StopAsync();
            run.Require(exitCode == 0, $"Stopped, a node ended with exit code {exitCode}.\n{node.Server.Errors}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ServerNode node in _nodes)
            await node.Server.DisposeAsync();
        foreach (PlainClient connection in _connections)
            connection.Dispose();
    }

    private Task<MeteringProcess> ServeAsync(string connection, params string[] more) => MeteringProcess.StartAsync(
        folder[$"node{Interlocked.Increment(ref _directories)}"], ["--store", $"postgres: {connection}", .. arguments, .. more]);

    private static async Task<string> CreateTokenAsync(MeteringProcess server)
    {
        string admin = await File.ReadAllTextAsync(JsonElement.Parse(server.Facts).GetProperty("adminTokenFile").GetString()!);
        using var client = new PlainClient($"http://{server.Grpc}");
        PlainAnswer answer = await client.CallAsync(
            CreateToken,
            new CreateIamTokenForServiceAccountRequest { ServiceAccountId = SampleIds.Publisher },
            ("authorization", $"Bearer {admin.Trim()}"));
        return answer.Read<CreateIamTokenResponse>().IamToken;
    }

    private void Add(MeteringProcess server, string connection, string token)
    {
        ServerNode node = Connect(server, connection, token);
        lock (_nodes)
            _nodes.Add(node);
    }

    private ServerNode Connect(MeteringProcess server, string connection, string token)
    {
        PlainClient[] clients = [.. Enumerable.Range(0, ConnectionsPerNode).Select(_ => new PlainClient($"http://{server.Grpc}"))];
        _connections.AddRange(clients);
        return new ServerNode(server, connection, clients, token);
    }
}
