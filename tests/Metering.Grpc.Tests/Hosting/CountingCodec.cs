using System.Buffers;
using System.Collections.Concurrent;
using Google.Protobuf;

namespace Metering.Grpc.Tests;

/// <summary>Remembers every message that it read and how often each was released.</summary>
internal sealed class CountingCodec<T> : MessageCodec<T>
    where T : class, IMessage<T>, new()
{
    private readonly ConcurrentDictionary<T, int> _releases = new(ReferenceEqualityComparer.Instance);

    public int Reads => _releases.Count;

    public bool EachReleasedOnce => _releases.Values.All(releases => releases == 1);

    public bool NoneReleased => _releases.Values.All(releases => releases == 0);

    public override T Read(in ReadOnlySequence<byte> message)
    {
        T read = ProtobufCodec<T>.Instance.Read(message);
        _releases[read] = 0;
        return read;
    }

    public override int SizeOf(T message) => ProtobufCodec<T>.Instance.SizeOf(message);

    public override void Write(T message, Span<byte> destination) => ProtobufCodec<T>.Instance.Write(message, destination);

    public override void Release(T message) => _releases.AddOrUpdate(message, _ => int.MaxValue, (_, releases) => releases + 1);
}
