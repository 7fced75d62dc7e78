using System.Buffers;
using Metering.Ledger;

namespace Metering.Server;

/// <summary>
/// Counts the HTTP/2 frames of one connection that ask for work and bring no request forward: PING, SETTINGS, PRIORITY, empty
/// DATA and CONTINUATION, requests begun and taken back. Floods of them (CVE-2023-44487, CVE-2019-9512 to -9518) are made of
/// nothing else, while a client that works sends few for each request that it finishes, which give the budget back.
/// </summary>
/// <remarks>
/// Reads frame headers only, allocates nothing, and looks at the clock when the budget is spent, not before. What is not
/// HTTP/2 by its first bytes is not watched. Not thread-safe: one reads a connection.
/// </remarks>
internal sealed class FrameBudget(TimeProvider time)
{
    /// <summary>Cost of a request that begins without its end; a client keeps to <see cref="Limits.StreamsPerConnection"/> of them.</summary>
    internal const int BegunCost = 2;

    /// <summary>Cost of a stream that is reset.</summary>
    internal const int ResetCost = 6;

    /// <summary>What a request that was sent to its end gives back: enough for its beginning and some PINGs.</summary>
    internal const int FinishedCredit = 6;

    private const int FrameHeaderBytes = 9;
    private const byte Data = 0, Headers = 1, Reset = 3, WindowUpdate = 8, Continuation = 9;
    private const byte EndStream = 1;

    private readonly byte[] _header = new byte[FrameHeaderBytes];
    private int _prefaceBytes;
    private int _headerBytes;
    private int _restBytes;
    private bool _isOther;
    private double _left = Limits.ControlFrames;
    private long _refilledTimestamp = time.GetTimestamp();

    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <summary>Takes the next bytes of the connection into account.</summary>
    /// <returns>False when the budget is spent: the connection is to be closed.</returns>
    public bool TrySpend(in ReadOnlySequence<byte> bytes)
    {
        foreach (ReadOnlyMemory<byte> memory in bytes)
        {
            if (!TrySpend(memory.Span))
                return false;
        }

        return true;
    }

    /// <inheritdoc cref="TrySpend(in ReadOnlySequence{byte})"/>
    public bool TrySpend(ReadOnlySpan<byte> bytes)
    {
        if (_isOther || !TakePreface(ref bytes))
            return true;
        while (!bytes.IsEmpty)
        {
            if (_restBytes > 0)
            {
                int passed = Math.Min(_restBytes, bytes.Length);
                _restBytes -= passed;
                bytes = bytes[passed..];
                continue;
            }

            int taken = Math.Min(FrameHeaderBytes - _headerBytes, bytes.Length);
            bytes[..taken].CopyTo(_header.AsSpan(_headerBytes));
            _headerBytes += taken;
            bytes = bytes[taken..];
            if (_headerBytes < FrameHeaderBytes)
                continue;
            _headerBytes = 0;
            _restBytes = (_header[0] << 16) | (_header[1] << 8) | _header[2];
            if (!TryPay(CostOf(_header[3], _header[4], _restBytes)))
                return false;
        }

        return true;
    }

    private static int CostOf(byte type, byte flags, int payloadBytes) => type switch
    {
        Headers => BegunCost - ((flags & EndStream) != 0 ? FinishedCredit : 0),
        Data when (flags & EndStream) != 0 => -FinishedCredit,
        Data or Continuation => payloadBytes == 0 ? 1 : 0,
        Reset => ResetCost,
        WindowUpdate => 0, // as many as the answers are long
        _ => 1,
    };

    private bool TryPay(int cost)
    {
        _left = Math.Min(Limits.ControlFrames, _left - cost);
        if (_left >= 0)
            return true;
        long now = time.GetTimestamp();
        _left = Math.Min(Limits.ControlFrames, _left + (Limits.ControlFramesPerSecond * time.GetElapsedTime(_refilledTimestamp, now).TotalSeconds));
        _refilledTimestamp = now;
        return _left >= 0;
    }

    // True once the preface has passed and bytes of frames may follow.
    private bool TakePreface(ref ReadOnlySpan<byte> bytes)
    {
        if (_prefaceBytes == Preface.Length)
            return true;
        int taken = Math.Min(Preface.Length - _prefaceBytes, bytes.Length);
        _isOther = !bytes[..taken].SequenceEqual(Preface.Slice(_prefaceBytes, taken));
        _prefaceBytes += taken;
        bytes = bytes[taken..];
        return !_isOther;
    }
}
