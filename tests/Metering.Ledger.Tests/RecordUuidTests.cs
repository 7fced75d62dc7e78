using System.Text;

namespace Metering.Ledger.Tests;

public sealed class RecordUuidTests
{
    [Theory]
    [InlineData("00112233-4455-6677-8899-aabbccddeeff")]
    [InlineData("00112233-4455-6677-8899-AABBCCDDEEFF")]
    [InlineData("00112233-4455-6677-8899-aAbBcCdDeEfF")]
    public void Every_letter_case_is_the_same_uuid(string text)
    {
        Assert.True(Parse(text, out UInt128 uuid));
        Assert.Equal(new UInt128(0x0011_2233_4455_6677, 0x8899_AABB_CCDD_EEFF), uuid);
        Assert.Equal("00112233-4455-6677-8899-aabbccddeeff", RecordUuid.Format(uuid));
    }

    [Theory]
    [InlineData("")]
    [InlineData("00000000-0000-0000-0000-000000000000")] // nil
    [InlineData("ffffffff-ffff-ffff-ffff-ffffffffffff")] // max
    [InlineData("FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF")]
    [InlineData("00112233445566778899aabbccddeeff")]
    [InlineData("{00112233-4455-6677-8899-aabbccddeeff}")]
    [InlineData("(00112233-4455-6677-8899-aabbccddeeff)")]
    [InlineData("urn:uuid:00112233-4455-6677-8899-aabbccddeeff")]
    [InlineData("+0112233-4455-6677-8899-aabbccddeeff")] // .NET's own parser takes this one
    [InlineData("0x112233-4455-6677-8899-aabbccddeeff")] // and this
    [InlineData("00112233-4455-6677-8899-aabbccddeef")]
    [InlineData("00112233-4455-6677-8899-aabbccddeeff0")]
    [InlineData(" 0112233-4455-6677-8899-aabbccddeeff")]
    [InlineData("00112233-4455-6677-8899-aabbccddeef ")]
    [InlineData("00112233_4455_6677_8899_aabbccddeeff")]
    [InlineData("001122334-455-6677-8899-aabbccddeeff")]
    [InlineData("0011223g-4455-6677-8899-aabbccddeeff")]
    [InlineData("00112233-4455-6677-8899-aabbccddeefé")]
    public void Any_other_text_is_no_uuid(string text) => Assert.False(Parse(text, out _));

    [Fact]
    public void Every_character_but_a_hexadecimal_digit_spoils_every_place()
    {
        byte[] sound = "00112233-4455-6677-8899-aabbccddeeff"u8.ToArray();
        for (int place = 0; place < sound.Length; place++)
        {
            for (int character = 0; character < 256; character++)
            {
                byte[] text = [.. sound];
                text[place] = (byte)character;
                bool isExpected = sound[place] == '-' ? character == '-' : char.IsAsciiHexDigit((char)character);
                Assert.Equal(isExpected, RecordUuid.TryParse(text, out _));
            }
        }
    }

    [Fact]
    public void What_is_formatted_is_parsed_back()
    {
        var random = new Random(20260301);
        for (int round = 0; round < 10_000; round++)
        {
            var uuid = new UInt128((ulong)random.NextInt64(), (ulong)random.NextInt64(1, long.MaxValue));
            Assert.True(Parse(RecordUuid.Format(uuid), out UInt128 parsed));
            Assert.Equal(uuid, parsed);
        }
    }

    private static bool Parse(string text, out UInt128 uuid) => RecordUuid.TryParse(Encoding.UTF8.GetBytes(text), out uuid);
}
