using System.Buffers.Binary;
using System.Text;

namespace Metering.Faults;

/// <summary>
/// Reads along what a client says to PostgreSQL (protocol 3), as far as it takes to know when it says COMMIT: in words, or by
/// the name of a statement that was prepared with that word.
/// </summary>
internal sealed class FrontendMessages
{
    private const string Commit = "COMMIT";
    private const int LengthBytes = 4;
    private const int EncryptionCodeFirst = 80877103; // SSLRequest, and GSSENCRequest after it: more of a beginning follows
    private const int EncryptionCodeLast = 80877104;

    private readonly HashSet<string> _commitStatements = [];
    private byte[] _rest = [];
    private bool _isBegun;

    /// <summary>Takes the next bytes.</summary>
    /// <returns>How many COMMITs are complete with them.</returns>
    public int Read(ReadOnlySpan<byte> bytes)
    {
        byte[] all = [.. _rest, .. bytes];
        ReadOnlySpan<byte> left = all;
        int commits = 0;
        while (TryTake(ref left, out char kind, out ReadOnlySpan<byte> body))
            commits += IsCommit(kind, body) ? 1 : 0;
        _rest = left.ToArray();
        return commits;
    }

    // A message is a letter, its length without the letter, and so many bytes less four. The first ones have no letter.
    private bool TryTake(ref ReadOnlySpan<byte> left, out char kind, out ReadOnlySpan<byte> body)
    {
        int before = _isBegun ? 1 : 0;
        kind = '\0';
        body = default;
        if (left.Length < before + LengthBytes)
            return false;
        int length = BinaryPrimitives.ReadInt32BigEndian(left[before..]);
        if (left.Length < before + length)
            return false;
        kind = _isBegun ? (char)left[0] : '\0';
        body = left.Slice(before + LengthBytes, length - LengthBytes);
        left = left[(before + length)..];
        if (!_isBegun)
            _isBegun = BinaryPrimitives.ReadInt32BigEndian(body) is not (>= EncryptionCodeFirst and <= EncryptionCodeLast);
        return true;
    }

    private bool IsCommit(char kind, ReadOnlySpan<byte> body)
    {
        switch (kind)
        {
            case 'Q':
                return Text(ref body) == Commit;
            case 'P':
                string statement = Text(ref body);
                if (Text(ref body) == Commit)
                    _commitStatements.Add(statement);
                else
                    _commitStatements.Remove(statement);
                return false;
            case 'B':
                Text(ref body); // the portal
                return _commitStatements.Contains(Text(ref body));
            default:
                return false;
        }
    }

    private static string Text(ref ReadOnlySpan<byte> body)
    {
        int end = body.IndexOf((byte)0);
        string text = Encoding.UTF8.GetString(body[..end]);
        body = body[(end + 1)..];
        return text;
    }
}
