using System.Net;
using Metering.Load;

namespace Metering.Attacks;

/// <summary>What one lane of an attack works with.</summary>
internal sealed class AttackLane(int number, AttackTarget target, AttackTally tally, Pace pace, TimeProvider time, CancellationToken stop)
{
    public int Number => number;

    public AttackTarget Target => target;

    public AttackTally Tally => tally;

    public TimeProvider Time => time;

    public CancellationToken Stop => stop;

    public Task<AttackConnection> OpenAsync(IPEndPoint server, bool isRead = true) => AttackConnection.OpenAsync(server, tally, isRead, stop);

    /// <summary>A cleartext HTTP/2 connection on which preface and SETTINGS are sent.</summary>
    /// <param name="streamWindowBytes">What the server may send on a stream before it has to wait for leave.</param>
    /// <param name="isRead">Whether what the server sends is read.</param>
    public async Task<AttackConnection> OpenHttp2Async(uint streamWindowBytes = Http2Frame.DefaultWindowBytes, bool isRead = true)
    {
        AttackConnection connection = await OpenAsync(target.GrpcEndPoint, isRead);
        try
        {
            await connection.SendAsync(new FrameBatch().Preface((Http2Frame.InitialWindowSize, streamWindowBytes)).Bytes);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }

        return connection;
    }

    /// <summary>Waits until units are due, fills a batch with them, sends it, counts them.</summary>
    /// <param name="connection">Where to.</param>
    /// <param name="most">Most units in one batch.</param>
    /// <param name="add">Adds one unit.</param>
    /// <param name="batch">Reused from call to call.</param>
    public async Task SendAsync(AttackConnection connection, FrameBatch batch, int most, Action<FrameBatch> add)
    {
        int due = await pace.TakeAsync(most, connection.Ended);
        batch.Clear();
        for (int unit = 0; unit < due; unit++)
            add(batch);
        await connection.SendAsync(batch.Bytes);
        tally.CountUnits(due);
    }

    /// <summary>Waits until one unit is due.</summary>
    public async Task TakeTurnAsync(CancellationToken ended) => await pace.TakeAsync(1, ended);

    /// <summary>Does nothing more on a connection for as long as it stays.</summary>
    public static Task HoldAsync(AttackConnection connection) => Task.Delay(Timeout.InfiniteTimeSpan, connection.Ended);

    /// <summary>Does nothing for a while, unless the connection ends.</summary>
    public Task PauseAsync(AttackConnection connection, TimeSpan pause) => Task.Delay(pause, time, connection.Ended);
}
