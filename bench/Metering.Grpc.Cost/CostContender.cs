using System.Net;

namespace Metering.Grpc.Cost;

/// <summary>One handler with one kind of call, on connections of its own.</summary>
internal sealed class CostContender : IDisposable
{
    private readonly ServerProcess _server;
    private readonly TimeProvider _time;
    private readonly CallConnection[] _connections;

    public CostContender(ServerProcess server, IPEndPoint address, CostCase called, CostOptions options, TimeProvider time)
    {
        _server = server;
        _time = time;
        _connections = [.. Enumerable.Range(0, options.Connections).Select(_ => new CallConnection(address, called, options, time))];
    }

    /// <summary>Calls once.</summary>
    /// <returns>The headers and trailers of the answer, without its date.</returns>
    public string CallOnce()
    {
        CallConnection connection = _connections[0];
        connection.Fields = [];
        connection.CallOnce();
        string fields = string.Join(", ", connection.Fields.Where(field => !field.StartsWith("date:", StringComparison.Ordinal)));
        connection.Fields = null;
        return fields;
    }

    /// <summary>Calls for a while on every connection.</summary>
    public CostTurn TakeTurn(double seconds)
    {
        ServerUse before = _server.Measure();
        long start = _time.GetTimestamp();
        long end = start + (long)(seconds * _time.TimestampFrequency);
        long calls = 0;
        Task[] running = [.. _connections.Select(connection => Task.Factory.StartNew(
            () => Interlocked.Add(ref calls, connection.Run(end)),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default))];
        Task.WhenAll(running).GetAwaiter().GetResult();
        TimeSpan elapsed = _time.GetElapsedTime(start);
        return new CostTurn(calls, elapsed, _server.Measure() - before);
    }

    public void Dispose()
    {
        foreach (CallConnection connection in _connections)
            connection.Dispose();
    }
}
