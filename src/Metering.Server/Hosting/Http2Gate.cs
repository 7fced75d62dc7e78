using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Text;
using Metering.Ledger;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Metering.Server;

/// <summary>
/// Bounds the HTTP/2 connections of one address: each may carry <see cref="Limits.StreamsPerConnection"/> calls, and calls
/// that are begun and never finished cost the server most when they all run out at once. One connection too many is told so,
/// by a GOAWAY in words, before a stream of it is read.
/// </summary>
/// <param name="maximumPerAddress">Most connections from one IPv4 address or one IPv6 /64 network.</param>
/// <param name="time">The clock.</param>
internal sealed class Http2Gate(int maximumPerAddress, TimeProvider time)
{
    private const byte SettingsFrame = 4;
    private const byte GoAwayFrame = 7;
    private const uint EnhanceYourCalm = 0xb; // RFC 9113, section 7

    private readonly byte[] _refusal = RefusalOf(maximumPerAddress);

    /// <summary>Serves a connection after TLS, where there is any, or refuses it.</summary>
    public async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        // Without the first, nobody counts; without TLS, the listener speaks nothing but HTTP/2.
        if (connection.Features.Get<InFlight>() is not { } ofAddress
            || (connection.Features.Get<ITlsApplicationProtocolFeature>() is { } tls && !tls.ApplicationProtocol.Span.SequenceEqual("h2"u8)))
        {
            await next(connection);
            return;
        }

        try
        {
            await (ofAddress.EnterHttp2() <= maximumPerAddress ? next(connection) : RefuseAsync(connection.Transport));
        }
        finally
        {
            ofAddress.LeaveHttp2();
        }
    }

    // What the client sends first is taken in: a socket that is closed with bytes unread is reset, and the words are lost.
    private async Task RefuseAsync(IDuplexPipe transport)
    {
        using var patience = new CancellationTokenSource(Limits.RefusalTime, time);
        try
        {
            await transport.Output.WriteAsync(_refusal, patience.Token);
            await transport.Input.ReadAsync(patience.Token);
        }
        catch (Exception fault) when (fault is OperationCanceledException or IOException or ConnectionAbortedException)
        {
            // It sends nothing, reads nothing, or is gone.
        }
    }

    private static byte[] RefusalOf(int maximum)
    {
        byte[] words = Encoding.ASCII.GetBytes($"This address has {maximum} HTTP/2 connections open, which is all that it may have (http2-connections-per-address).");
        const int header = 9;
        byte[] refusal = new byte[header + header + 8 + words.Length];
        refusal[3] = SettingsFrame;
        Span<byte> goAway = refusal.AsSpan(header);
        BinaryPrimitives.WriteUInt16BigEndian(goAway[1..], (ushort)(8 + words.Length));
        goAway[3] = GoAwayFrame;
        BinaryPrimitives.WriteUInt32BigEndian(goAway[(header + 4)..], EnhanceYourCalm);
        words.CopyTo(goAway[(header + 8)..]);
        return refusal;
    }
}
