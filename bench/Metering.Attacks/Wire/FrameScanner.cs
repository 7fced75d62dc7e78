using System.Buffers.Binary;
using Metering.Load;

namespace Metering.Attacks;

/// <summary>Reads what a server sends, in pieces of any size, and counts the frames that say no to the attacker.</summary>
internal sealed class FrameScanner(AttackTally tally)
{
    private const int GoAwayBytes = 8; // last stream and error code; what follows is words

    private readonly byte[] _header = new byte[Http2Frame.HeaderBytes + GoAwayBytes];
    private int _headerBytes;
    private int _restBytes;

    public void Take(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_restBytes > 0)
            {
                int passed = Math.Min(_restBytes, bytes.Length);
                bytes = bytes[passed..];
                _restBytes -= passed;
                continue;
            }

            int needed = NeededBytes - _headerBytes;
            int taken = Math.Min(needed, bytes.Length);
            bytes[..taken].CopyTo(_header.AsSpan(_headerBytes));
            bytes = bytes[taken..];
            _headerBytes += taken;
            if (_headerBytes == NeededBytes)
                EndHeader();
        }
    }

    // A GOAWAY is kept up to its error code, of every other frame the header alone.
    private int NeededBytes => _headerBytes >= Http2Frame.HeaderBytes && IsGoAway
        ? Http2Frame.HeaderBytes + GoAwayBytes
        : Http2Frame.HeaderBytes;

    private bool IsGoAway => _header[3] == Http2Frame.GoAway && PayloadBytes >= GoAwayBytes;

    private int PayloadBytes => (_header[0] << 16) | (_header[1] << 8) | _header[2];

    private void EndHeader()
    {
        if (IsGoAway)
        {
            if (_headerBytes == Http2Frame.HeaderBytes)
                return; // its payload is still to come
            tally.CountGoAway(BinaryPrimitives.ReadUInt32BigEndian(_header.AsSpan(Http2Frame.HeaderBytes + 4)));
        }
        else if (_header[3] == Http2Frame.ResetStream)
        {
            tally.CountRefusedStream();
        }

        _restBytes = PayloadBytes - (_headerBytes - Http2Frame.HeaderBytes);
        _headerBytes = 0;
    }
}
