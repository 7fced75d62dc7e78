namespace Metering.Grpc;

/// <summary>Takes what is written as long as it fits; what is more is dropped and remembered as an overflow.</summary>
internal sealed class BoundedStream(Memory<byte> destination) : Stream
{
    private int _written;

    /// <summary>Bytes taken; meaningless after an overflow.</summary>
    public int Written => _written;

    public bool HasOverflowed { get; private set; }

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        HasOverflowed |= buffer.Length > destination.Length - _written;
        if (HasOverflowed)
            return;
        buffer.CopyTo(destination.Span[_written..]);
        _written += buffer.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
