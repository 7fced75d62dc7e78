using System.Text;

namespace Metering.Load.Tests;

/// <summary>The examples of RFC 7541, appendix C, and what a decoder must refuse.</summary>
public sealed class HpackDecoderTests
{
    private const string Date21 = "date: Mon, 21 Oct 2013 20:13:21 GMT";
    private const string Date22 = "date: Mon, 21 Oct 2013 20:13:22 GMT";
    private const string Site = "location: https://www.example.com";
    private const string Cookie = "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";

    [Fact]
    public void Requests_without_Huffman_coding_decode_as_in_RFC_7541_C3()
    {
        var decoder = new HpackDecoder();
        Expect(
            decoder, "828684410f7777772e6578616d706c652e636f6d",
            ":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com");
        Expect(
            decoder, "828684be58086e6f2d6361636865",
            ":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache");
        Expect(
            decoder, "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
            ":method: GET", ":scheme: https", ":path: /index.html", ":authority: www.example.com", "custom-key: custom-value");
    }

    [Fact]
    public void Requests_with_Huffman_coding_decode_as_in_RFC_7541_C4()
    {
        var decoder = new HpackDecoder();
        Expect(
            decoder, "828684418cf1e3c2e5f23a6ba0ab90f4ff",
            ":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com");
        Expect(
            decoder, "828684be5886a8eb10649cbf",
            ":method: GET", ":scheme: http", ":path: /", ":authority: www.example.com", "cache-control: no-cache");
        Expect(
            decoder, "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
            ":method: GET", ":scheme: https", ":path: /index.html", ":authority: www.example.com", "custom-key: custom-value");
    }

    [Fact]
    public void Responses_that_evict_entries_decode_as_in_RFC_7541_C5()
    {
        var decoder = new HpackDecoder(256);
        Expect(
            decoder,
            "4803333032580770726976617465611d4d6f6e2c203231204f637420323031332032303a31333a323120474d54"
            + "6e1768747470733a2f2f7777772e6578616d706c652e636f6d",
            ":status: 302", "cache-control: private", Date21, Site);
        Expect(decoder, "4803333037c1c0bf", ":status: 307", "cache-control: private", Date21, Site);
        Expect(
            decoder,
            "88c1611d4d6f6e2c203231204f637420323031332032303a31333a323220474d54c05a04677a69707738666f6f3d4153444a4b48514b"
            + "425a584f5157454f50495541585157454f49553b206d61782d6167653d333630303b2076657273696f6e3d31",
            ":status: 200", "cache-control: private", Date22, Site, "content-encoding: gzip", Cookie);
    }

    [Fact]
    public void Huffman_coded_responses_decode_as_in_RFC_7541_C6()
    {
        var decoder = new HpackDecoder(256);
        Expect(
            decoder,
            "488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
            ":status: 302", "cache-control: private", Date21, Site);
        Expect(decoder, "4883640effc1c0bf", ":status: 307", "cache-control: private", Date21, Site);
        Expect(
            decoder,
            "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f"
            + "3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
            ":status: 200", "cache-control: private", Date22, Site, "content-encoding: gzip", Cookie);
    }

    [Theory]
    [InlineData("80", "index 0")]
    [InlineData("be", "an entry of an empty dynamic table")]
    [InlineData("410f7777", "a value that is cut off")]
    [InlineData("41", "a field without a value")]
    [InlineData("ff", "an integer that is cut off")]
    [InlineData("ffffffffffff7f", "an integer beyond 32 bits")]
    [InlineData("3fe21f", "a table larger than agreed on")]
    [InlineData("4184ffffffff", "the end-of-string symbol")]
    [InlineData("4182f8ff", "Huffman padding of more than seven bits")]
    [InlineData("418118", "Huffman padding that is not ones")]
    public void A_malformed_block_is_refused(string hexadecimal, string fault)
    {
        var exception = Assert.Throws<Http2Exception>(() => Read(new HpackDecoder(), hexadecimal));
        Assert.False(string.IsNullOrEmpty(exception.Message), fault);
    }

    [Fact]
    public void The_dynamic_table_follows_a_model_through_many_insertions_and_resizes()
    {
        var random = new Random(7541);
        var table = new HpackDynamicTable(512);
        var model = new List<(string Name, string Value)>();
        int maximumBytes = 512;
        for (int step = 0; step < 20_000; step++)
        {
            if (random.Next(200) == 0)
            {
                maximumBytes = random.Next(513);
                table.Resize(maximumBytes);
            }
            else
            {
                // Some names are taken out of the table itself while it makes room for them.
                string value = new('v', random.Next(step % 50 == 0 ? 600 : 60));
                bool reusesName = model.Count > 0 && random.Next(2) == 0;
                int index = reusesName ? random.Next(model.Count) : 0;
                string name = reusesName ? model[index].Name : $"name-{step}";
                table.Insert(new HeaderField(
                    reusesName ? table.Get(index + 1).Name : Encoding.ASCII.GetBytes(name), Encoding.ASCII.GetBytes(value)));
                model.Insert(0, (name, value));
            }

            while (model.Sum(entry => entry.Name.Length + entry.Value.Length + 32) > maximumBytes)
                model.RemoveAt(model.Count - 1);
            Assert.Equal(model.Count, table.Count);
            for (int index = 0; index < model.Count; index++)
            {
                HeaderField field = table.Get(index + 1);
                Assert.Equal(model[index], (Encoding.ASCII.GetString(field.Name), Encoding.ASCII.GetString(field.Value)));
            }
        }
    }

    [Theory]
    [InlineData(4096, 40, true)]
    [InlineData(4096, 4096, true)]
    [InlineData(0, 40, false)]
    public void Request_headers_decode_to_the_same_fields_first_and_repeated(int tableBytes, int tokenCharacters, bool mayIndex)
    {
        string token = new('t', tokenCharacters);
        var blocks = new RequestHeaderBlocks("/package.Service/Write", "localhost:8081", token, tableBytes, ("grpc-timeout", "1S"));
        string[] expected =
        [
            ":method: POST", ":scheme: http", ":path: /package.Service/Write", ":authority: localhost:8081",
            "content-type: application/grpc", "te: trailers", "user-agent: metering-load", $"authorization: Bearer {token}",
            "grpc-timeout: 1S",
        ];

        var decoder = new HpackDecoder(tableBytes);
        foreach (byte[] block in new[] { blocks.First, blocks.Repeated, blocks.Repeated })
            Assert.Equal(expected.Order(StringComparer.Ordinal), Read(decoder, Convert.ToHexString(block)).Order(StringComparer.Ordinal));
        Assert.Equal(mayIndex, blocks.Repeated.Length < blocks.First.Length - 1);
    }

    private static void Expect(HpackDecoder decoder, string hexadecimal, params string[] fields) =>
        Assert.Equal(fields, Read(decoder, hexadecimal));

    private static List<string> Read(HpackDecoder decoder, string hexadecimal)
    {
        ReadOnlySpan<byte> block = Convert.FromHexString(hexadecimal);
        var fields = new List<string>();
        while (decoder.TryReadField(ref block, out HeaderField field))
            fields.Add($"{Encoding.ASCII.GetString(field.Name)}: {Encoding.ASCII.GetString(field.Value)}");
        return fields;
    }
}
