namespace Metering.Attacks;

/// <summary>One kind of frame that brings no request forward, sent as fast as the attack may. RFC 9113, section 10.5.</summary>
internal abstract class FrameFlood : Attack
{
    public sealed override IReadOnlyList<string> MetBy => ["ControlFrames", "ControlFramesPerSecond"];

    public sealed override string Unit => "frames";

    public sealed override double UnitsPerSecond => 50_000;

    public sealed override bool IsCutOff => true;

    /// <summary>Whether every second lane reads nothing of what the server answers, so that it queues up.</summary>
    protected virtual bool LeavesAnswersUnread => false;

    public sealed override async Task AttackAsync(AttackLane lane)
    {
        await using AttackConnection connection = await lane.OpenHttp2Async(isRead: !LeavesAnswersUnread || lane.Number % 2 == 0);
        await BeginAsync(connection, lane);
        var batch = new FrameBatch();
        int turn = 0;
        while (true)
            await lane.SendAsync(connection, batch, most: 1000, frames => Add(frames, ++turn));
    }

    /// <summary>What the frames need before them; nothing by itself.</summary>
    protected virtual Task BeginAsync(AttackConnection connection, AttackLane lane) => Task.CompletedTask;

    /// <summary>Adds one frame.</summary>
    /// <param name="frames">Where to.</param>
    /// <param name="turn">1 for the first on the connection.</param>
    protected abstract void Add(FrameBatch frames, int turn);
}
