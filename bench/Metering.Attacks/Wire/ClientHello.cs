using System.Net.Security;

namespace Metering.Attacks;

/// <summary>The first message of a TLS handshake, as this machine's TLS writes it.</summary>
internal static class ClientHello
{
    private static readonly Lazy<byte[]> Made = new(() =>
    {
        using var recorder = new Recorder();
        using var tls = new SslStream(recorder);
        try
        {
            tls.AuthenticateAsClient("localhost");
        }
        catch (Exception fault) when (fault is IOException or System.Security.Authentication.AuthenticationException)
        {
            // Nobody answers the recorder.
        }

        return recorder.Written.ToArray();
    });

    public static byte[] Bytes => Made.Value;

    /// <summary>Keeps what is written; there is nothing to read.</summary>
    private sealed class Recorder : MemoryStream
    {
        public MemoryStream Written { get; } = new();

        public override int Read(Span<byte> buffer) => 0;

        public override int Read(byte[] buffer, int offset, int count) => 0;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => new(0);

        public override void Write(ReadOnlySpan<byte> buffer) => Written.Write(buffer);

        public override void Write(byte[] buffer, int offset, int count) => Written.Write(buffer, offset, count);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => Written.WriteAsync(buffer, cancellationToken);
    }
}
