using System.Buffers.Binary;
using System.Text;

namespace Metering.EndToEnd.Tests;

/// <summary>The proxy that cuts the network at a COMMIT knows one when it sees one.</summary>
public sealed class FrontendMessagesTests
{
    private static readonly byte[] Conversation =
    [
        .. Message(null, "\x04\xd2\x16\x2f"), // SSLRequest: another beginning follows
        .. Message(null, "\0\x03\0\0user\0postgres\0\0"),
        .. Message('Q', "BEGIN\0"), .. Message('Q', "COMMIT\0"),
        .. Message('P', "one\0COMMIT\0\0\0"), .. Message('B', "\0one\0\0\0\0\0\0\0"), .. Message('E', "\0\0\0\0\0"), .. Message('S', ""),
        .. Message('P', "two\0SELECT 'COMMIT'\0\0\0"), .. Message('B', "\0two\0\0\0\0\0\0\0"), .. Message('S', ""),
        .. Message('B', "\0one\0\0\0\0\0\0\0"), .. Message('S', ""),
        .. Message('P', "one\0SELECT 1\0\0\0"), .. Message('B', "\0one\0\0\0\0\0\0\0"), .. Message('X', ""),
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(64)]
    [InlineData(100_000)]
    public void A_commit_is_seen_in_words_and_by_the_name_it_was_prepared_with_in_whatever_pieces(int pieceBytes)
    {
        var messages = new FrontendMessages();
        Assert.Equal(3, Conversation.Chunk(pieceBytes).Sum(piece => messages.Read(piece)));
    }

    [Fact]
    public void A_commit_is_seen_with_its_last_byte_and_not_before()
    {
        var messages = new FrontendMessages();
        byte[] beginning = [.. Message(null, "\0\x03\0\0user\0postgres\0\0"), .. Message('Q', "COMMIT\0")];
        Assert.Equal(0, messages.Read(beginning.AsSpan(..^1)));
        Assert.Equal(1, messages.Read(beginning.AsSpan(^1..)));
    }

    private static byte[] Message(char? kind, string body)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(body);
        byte[] length = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(length, sizeof(int) + bytes.Length);
        return [.. kind is { } letter ? [(byte)letter] : Array.Empty<byte>(), .. length, .. bytes];
    }
}
