using System.Buffers;
using Metering.Grpc;
using Metering.Ledger;
using Microsoft.Extensions.ObjectPool;

namespace Metering.Server;

/// <summary>The request side of a Write: bytes of the pipe into a <see cref="UsageWrite"/> from a pool, and back to it.</summary>
internal sealed class UsageWriteCodec(UsageKind kind) : MessageCodec<UsageWrite>
{
    private static readonly ObjectPool<UsageWrite> Pool = new DefaultObjectPool<UsageWrite>(new Policy(), Limits.PooledRequests);

    /// <inheritdoc/>
    public override UsageWrite Read(in ReadOnlySequence<byte> message)
    {
        UsageWrite write = Pool.Get();
        write.Kind = kind;
        try
        {
            UsageWriteReader.Read(message, write);
            return write;
        }
        catch
        {
            Pool.Return(write);
            throw;
        }
    }

    /// <inheritdoc/>
    public override void Release(UsageWrite message) => Pool.Return(message);

    /// <inheritdoc/>
    public override int SizeOf(UsageWrite message) => throw new NotSupportedException("A server sends no Write requests.");

    /// <inheritdoc/>
    public override void Write(UsageWrite message, Span<byte> destination) => throw new NotSupportedException("A server sends no Write requests.");

    private sealed class Policy : PooledObjectPolicy<UsageWrite>
    {
        public override UsageWrite Create() => new();

        public override bool Return(UsageWrite obj)
        {
            obj.Reset();
            return true;
        }
    }
}
