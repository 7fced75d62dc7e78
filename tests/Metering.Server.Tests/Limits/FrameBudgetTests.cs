using System.Buffers.Binary;
using Bounds = Metering.Ledger.Limits;

namespace Metering.Server.Tests;

/// <summary>Which frames of HTTP/2 use a connection's budget up, and which give it back.</summary>
public class FrameBudgetTests
{
    private const byte Data = 0, Headers = 1, Priority = 2, Reset = 3, Settings = 4, Ping = 6, WindowUpdate = 8, Continuation = 9;
    private const byte EndStream = 1;

    private readonly StoppedTime _time = new();

    [Theory]
    [InlineData(Ping, 8)]
    [InlineData(Settings, 6)]
    [InlineData(Settings, 0)]
    [InlineData(Priority, 5)]
    [InlineData(Data, 0)]
    [InlineData(Continuation, 0)]
    [InlineData((byte)0x77, 3)]
    public void A_frame_that_brings_nothing_forward_costs_one(byte type, int payloadBytes) =>
        Assert.Equal(Bounds.ControlFrames, CountUntilSpent(Frame(type, 0, payloadBytes)));

    [Fact]
    public void Requests_that_are_taken_back_at_once_are_few() => Assert.Equal(
        Bounds.ControlFrames / (FrameBudget.BegunCost + FrameBudget.ResetCost),
        CountUntilSpent([.. Frame(Headers, 0, 40), .. Frame(Reset, 0, 4)]));

    [Fact]
    public void Requests_that_are_begun_and_never_sent_are_few() =>
        Assert.Equal(Bounds.ControlFrames / FrameBudget.BegunCost, CountUntilSpent(Frame(Headers, 0, 40)));

    [Theory]
    [InlineData(Data, EndStream, 100)]
    [InlineData(Data, 0, 100)]
    [InlineData(Continuation, 0, 100)]
    [InlineData(WindowUpdate, 0, 4)]
    public void What_carries_or_lets_carry_costs_nothing(byte type, byte flags, int payloadBytes) =>
        Assert.Null(CountUntilSpent(Frame(type, flags, payloadBytes)));

    [Fact]
    public void A_client_that_works_may_ping_with_every_request_and_cancel_some()
    {
        // Ten requests of which one is cancelled once it was sent; as SDKs do, a PING goes with each.
        byte[] request = [.. Frame(Headers, 0, 300), .. Frame(Data, EndStream, 2000), .. Frame(Ping, 0, 8)];
        byte[] ten = [.. Enumerable.Repeat(request, 10).SelectMany(bytes => bytes), .. Frame(Reset, 0, 4)];
        Assert.Null(CountUntilSpent(ten));
        Assert.Null(CountUntilSpent(Frame(Headers, EndStream, 40)));
    }

    [Fact]
    public void Credit_is_never_more_than_the_budget()
    {
        FrameBudget budget = Opened();
        for (int request = 0; request < 10_000; request++)
            Assert.True(budget.TrySpend(Frame(Headers, EndStream, 40)));
        Assert.Equal(Bounds.ControlFrames, CountUntilSpent(budget, Frame(Ping, 0, 8)));
    }

    [Fact]
    public void What_was_spent_comes_back_with_time()
    {
        FrameBudget budget = Opened();
        byte[] ping = Frame(Ping, 0, 8);
        Assert.Equal(Bounds.ControlFrames, CountUntilSpent(budget, ping));
        _time.Advance(TimeSpan.FromSeconds(1));

        // One of them pays for the frame that was refused.
        Assert.Equal(Bounds.ControlFramesPerSecond - 1, CountUntilSpent(budget, ping));
    }

    [Fact]
    public void Frames_are_read_however_they_are_cut()
    {
        byte[] stream = [.. Enumerable.Repeat((byte[])[.. Frame(Ping, 0, 8), .. Frame(Data, 0, 3)], Bounds.ControlFrames).SelectMany(bytes => bytes)];
        byte[] last = Frame(Ping, 0, 8);
        for (int pieceBytes = 1; pieceBytes < 40; pieceBytes += 4)
        {
            FrameBudget budget = Opened();
            for (int at = 0; at < stream.Length; at += pieceBytes)
                Assert.True(budget.TrySpend(stream.AsSpan(at, Math.Min(pieceBytes, stream.Length - at))));
            Assert.False(budget.TrySpend(last));
        }
    }

    [Fact]
    public void What_is_not_HTTP2_is_not_watched()
    {
        var budget = new FrameBudget(_time);
        Assert.True(budget.TrySpend("PRI"u8));
        Assert.True(budget.TrySpend("NT / HTTP/1.1\r\n"u8));
        Assert.Null(CountUntilSpent(budget, Frame(Ping, 0, 8)));
    }

    private int? CountUntilSpent(byte[] frames) => CountUntilSpent(Opened(), frames);

    // Null when it is not spent after many.
    private static int? CountUntilSpent(FrameBudget budget, byte[] frames)
    {
        for (int count = 0; count < 20 * Bounds.ControlFrames; count++)
        {
            if (!budget.TrySpend(frames))
                return count;
        }

        return null;
    }

    private FrameBudget Opened()
    {
        var budget = new FrameBudget(_time);
        Assert.True(budget.TrySpend("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8));
        return budget;
    }

    private static byte[] Frame(byte type, byte flags, int payloadBytes)
    {
        var frame = new byte[9 + payloadBytes];
        BinaryPrimitives.WriteUInt32BigEndian(frame, ((uint)payloadBytes << 8) | type);
        frame[4] = flags;
        return frame;
    }

    /// <summary>Timestamps that stand still until a test moves them.</summary>
    private sealed class StoppedTime : TimeProvider
    {
        private long _timestamp;

        public override long GetTimestamp() => _timestamp;

        public void Advance(TimeSpan time) => _timestamp += (long)(time.TotalSeconds * TimestampFrequency);
    }
}
