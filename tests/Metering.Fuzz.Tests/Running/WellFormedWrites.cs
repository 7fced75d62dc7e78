namespace Metering.Fuzz.Tests;

/// <summary>A client in order, on a connection of its own: whatever others send, each of its Writes is accepted.</summary>
internal sealed class WellFormedWrites(FuzzTarget target) : IDisposable
{
    private readonly Lock _sending = new();
    private readonly StreamExchange _streams = new(target.Http2, target.Patience);
    private readonly Random _random = new(1);

    public int Accepted { get; private set; }

    /// <summary>Sends one; null when it was accepted.</summary>
    public FuzzFailure? Fault()
    {
        lock (_sending)
        {
            GrpcSeed seed = GrpcSeed.WellFormed(_random);
            var input = new FuzzInput(Carriage.Http2Stream, FrameBytes.Request(HeaderBlock.Write(seed.Headers()), GrpcSeed.Frame(seed.Message)));
            Answer answer = _streams.Send([input])[0]!;
            if (AcceptedRecords.In(answer) != 1)
                return new FuzzFailure("a well-formed Write", input, "is not accepted", answer);
            Accepted++;
            return null;
        }
    }

    public void Dispose() => _streams.Dispose();
}
