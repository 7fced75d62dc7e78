using System.Buffers;
using System.Text;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Metering.Grpc.Tests.Protos;

namespace Metering.Grpc.Tests;

public sealed class JsonTests
{
    [Theory]
    [InlineData("9223372036854775807", long.MaxValue)]
    [InlineData("-9223372036854775808", long.MinValue)]
    [InlineData("\"9223372036854775807\"", long.MaxValue)]
    [InlineData("9007199254740993", 9007199254740993)]
    [InlineData("9223372036854775807.0", long.MaxValue)]
    [InlineData("922337203685477580.7e1", long.MaxValue)]
    [InlineData("92233720368547758070e-1", long.MaxValue)]
    [InlineData("1.0", 1)]
    [InlineData("1e3", 1000)]
    [InlineData("100E-2", 1)]
    [InlineData("1.50e1", 15)]
    [InlineData("-0", 0)]
    [InlineData("0e999999999999", 0)]
    [InlineData("0.000", 0)]
    public void An_int64_is_exact(string json, long value) => Assert.Equal(value, Read($$"""{"large":{{json}}}""").Large);

    [Theory]
    [InlineData("9223372036854775808")]
    [InlineData("-9223372036854775809")]
    [InlineData("\"9223372036854775808\"")]
    [InlineData("1.5")]
    [InlineData("1e-1")]
    [InlineData("1e19")]
    [InlineData("1e999999999999")]
    [InlineData("1e-999999999999")]
    [InlineData("\"abc\"")]
    [InlineData("\"\"")]
    [InlineData("\" 1\"")]
    [InlineData("\"+1\"")]
    [InlineData("\"0x10\"")]
    [InlineData("\"1.\"")]
    [InlineData("\"1e\"")]
    [InlineData("\"--1\"")]
    [InlineData("true")]
    [InlineData("340282366920938463463374607431768211457")]
    public void What_is_not_an_int64_is_refused_in_the_clients_spelling(string json) =>
        Assert.Equal($"large: {json} is not an int64", Fault($$"""{"large":{{json}}}"""));

    [Theory]
    [InlineData("small", "2147483648", "an int32")]
    [InlineData("small", "-2147483649", "an int32")]
    [InlineData("unsignedSmall", "4294967296", "a uint32")]
    [InlineData("unsignedSmall", "-1", "a uint32")]
    [InlineData("unsignedLarge", "18446744073709551616", "a uint64")]
    [InlineData("unsignedLarge", "-1", "a uint64")]
    [InlineData("signedFixed", "2147483648", "a sfixed32")]
    [InlineData("real", "1e400", "a double")]
    [InlineData("single", "1e39", "a float")]
    [InlineData("flag", "1", "a bool")]
    [InlineData("flag", "\"yes\"", "a bool")]
    [InlineData("text", "5", "a string")]
    [InlineData("text", "true", "a string")]
    [InlineData("data", "\"*\"", "base64")]
    [InlineData("data", "\"a\"", "base64")]
    [InlineData("colour", "\"BLUE\"", "one of COLOUR_UNSPECIFIED, RED, GREEN")]
    [InlineData("colour", "1.5", "one of COLOUR_UNSPECIFIED, RED, GREEN")]
    [InlineData("inner", "5", "an object of metering.grpc.tests.Inner")]
    [InlineData("innerList", "{}", "an array")]
    [InlineData("counts", "[]", "an object")]
    [InlineData("wrapped", "1.5", "an int64")]
    [InlineData("span", "\"1\"", "a duration such as 1.5s")]
    [InlineData("free", "5", "an object of google.protobuf.Struct")]
    public void What_does_not_fit_its_field_is_refused(string field, string json, string expected)
    {
        string shown = json switch { "{}" => "an object", "[]" => "an array", _ => json };
        Assert.Equal($"{field}: {shown} is not {expected}", Fault($$"""{"{{field}}":{{json}}}"""));
    }

    [Theory]
    [InlineData("""{"innerList":[{},{},{},{"quantity":"abc"}]}""", "innerList[3].quantity: \"abc\" is not an int64")]
    [InlineData("""{"inner_list":[{"inner":{"inner":{"quantity":true}}}]}""", "innerList[0].inner.inner.quantity: true is not an int64")]
    [InlineData("""{"largeList":[1,null]}""", "largeList[1]: null is not an int64")]
    [InlineData("""{"innerList":[null]}""", "innerList[0]: null is not an object of metering.grpc.tests.Inner")]
    [InlineData("""{"counts":{"a":"x"}}""", "counts[\"a\"]: \"x\" is not an int64")]
    [InlineData("""{"innerByNumber":{"x":{}}}""", "innerByNumber[\"x\"]: the key is not an int32")]
    [InlineData("""{"firstChoice":"a","secondChoice":1}""", "secondChoice: cannot be given together with firstChoice")]
    [InlineData("""{"text":"\ud800"}""", "text: a text is not valid Unicode")]
    [InlineData("""{"\ud800":1}""", "a text is not valid Unicode")]
    [InlineData("""{"free":{"a":["\ud800"]}}""", "free: a text within is not valid Unicode")]
    [InlineData("""{"free":{"a":1e400}}""", "free: a number within is out of the range of a double")]
    public void A_fault_names_the_path_of_its_field(string json, string fault) => Assert.Equal(fault, Fault(json));

    [Fact]
    public void A_long_wrong_text_is_cut_in_the_fault() =>
        Assert.Equal($"large: \"{new string('x', 64)}…\" is not an int64", Fault($$"""{"large":"{{new string('x', 5000)}}"}"""));

    [Fact]
    public void A_cut_never_splits_a_character()
    {
        string fault = Fault("{\"large\":\"" + new string('x', 63) + "\U0001F600 and more\"}")!;
        Assert.Equal($"large: \"{new string('x', 63)}…\" is not an int64", fault);
    }

    [Theory]
    [InlineData("2026-01-31T23:59:59Z", 1769903999, 0)]
    [InlineData("2026-01-31t23:59:59.5z", 1769903999, 500_000_000)]
    [InlineData("2026-01-31T23:59:59.123456789Z", 1769903999, 123_456_789)]
    [InlineData("2026-02-01T02:59:59+03:00", 1769903999, 0)]
    [InlineData("2026-01-31T13:29:59-10:30", 1769903999, 0)]
    [InlineData("1969-12-31T23:59:59.9Z", -1, 900_000_000)]
    [InlineData("0001-01-01T00:00:00Z", -62135596800, 0)]
    [InlineData("9999-12-31T23:59:59.999999999Z", 253402300799, 999_999_999)]
    [InlineData("2024-02-29T00:00:00Z", 1709164800, 0)]
    public void Moments_are_read_to_the_nanosecond(string text, long seconds, int nanoseconds)
    {
        Everything read = Read($$"""{"moment":"{{text}}"}""");
        Assert.Equal((seconds, nanoseconds), (read.Moment.Seconds, read.Moment.Nanos));
    }

    [Theory]
    [InlineData("2026-01-31")]
    [InlineData("2026-01-31T23:59:59")]
    [InlineData("2026-01-31 23:59:59Z")]
    [InlineData("2026-02-29T00:00:00Z")]
    [InlineData("2026-13-01T00:00:00Z")]
    [InlineData("2026-01-01T24:00:00Z")]
    [InlineData("2026-01-01T00:00:60Z")]
    [InlineData("2026-01-01T00:00:00.Z")]
    [InlineData("2026-01-01T00:00:00.1234567890Z")]
    [InlineData("2026-01-01T00:00:00+3:00")]
    [InlineData("2026-01-01T00:00:00+0300")]
    [InlineData("0001-01-01T00:00:00+00:01")]
    [InlineData("9999-12-31T23:59:59-00:01")]
    [InlineData("+026-01-01T00:00:00Z")]
    [InlineData("0000-01-01T00:00:00Z")]
    public void What_is_not_rfc_3339_is_refused(string text) =>
        Assert.Equal($"moment: \"{text}\" is not an RFC 3339 timestamp such as 2026-01-31T23:59:59Z", Fault($$"""{"moment":"{{text}}"}"""));

    [Fact]
    public void Every_kind_of_field_survives_the_way_there_and_back()
    {
        var whole = new Everything
        {
            Large = long.MinValue, Small = -1, UnsignedLarge = ulong.MaxValue, UnsignedSmall = uint.MaxValue, Zigzag = -5, FixedLarge = 6,
            SignedFixed = -7, Real = 0.1, Single = 0.1f, Flag = true,
            Text = "тест \"<\u0001\U0001F600", Data = ByteString.CopyFrom(0, 255, 1), Colour = Colour.Green,
            Moment = new() { Seconds = 1769903999, Nanos = 1000 }, Span = new() { Seconds = -1, Nanos = -500_000_000 },
            Inner = new() { Id = "i", Inner_ = new() { Quantity = 3 } },
            InnerList = { new Inner { Id = "a" }, new Inner() }, LargeList = { 1, long.MaxValue },
            Counts = { ["ключ"] = 9007199254740993 }, InnerByNumber = { [-1] = new Inner { Id = "m" } },
            SecondChoice = 0, Maybe = 0, Wrapped = 0,
            Free = new() { Fields = { ["a"] = Value.ForList(Value.ForNull(), Value.ForNumber(1)) } },
            Colours = { Colour.Red, (Colour)77 }, Renamed = "r", ByFlag = { [true] = "yes" },
        };

        string json = Encoding.UTF8.GetString(RestAnswer.Body(whole, null).Span);

        Assert.Equal(whole, Read(json));
        Assert.Contains("\"large\":\"-9223372036854775808\"", json, StringComparison.Ordinal);
        Assert.Contains("\"text\":\"тест ", json, StringComparison.Ordinal);
        Assert.Contains("\"single\":0.1,", json, StringComparison.Ordinal);
        Assert.Contains("\"moment\":\"2026-01-31T23:59:59.000001Z\"", json, StringComparison.Ordinal);
        Assert.Contains("\"span\":\"-1.500s\"", json, StringComparison.Ordinal);
        Assert.Contains("\"colours\":[\"RED\",77]", json, StringComparison.Ordinal);
        Assert.Contains("\"aliasOfRenamed\":\"r\"", json, StringComparison.Ordinal);
        Assert.Contains("\"byFlag\":{\"true\":\"yes\"}", json, StringComparison.Ordinal);
        Assert.Contains("\"secondChoice\":\"0\"", json, StringComparison.Ordinal);
    }

    [Fact]
    public void Defaults_are_written_and_unset_messages_are_not() => Assert.Equal(
        """
        {"large":"0","small":0,"unsignedLarge":"0","unsignedSmall":0,"zigzag":"0","fixedLarge":"0","signedFixed":0,
        "real":0,"single":0,"flag":false,"text":"","data":"","colour":"COLOUR_UNSPECIFIED","innerList":[],"largeList":[],
        "counts":{},"innerByNumber":{},"colours":[],"aliasOfRenamed":"","byFlag":{}}
        """.ReplaceLineEndings(""),
        Encoding.UTF8.GetString(RestAnswer.Body(new Everything(), null).Span));

    [Fact]
    public void Infinities_and_not_a_number_are_strings()
    {
        Everything read = Read("""{"real":"-Infinity","single":"NaN"}""");
        Assert.Equal((double.NegativeInfinity, float.NaN), (read.Real, read.Single));
        string json = Encoding.UTF8.GetString(RestAnswer.Body(read, null).Span);
        Assert.Contains("\"real\":\"-Infinity\",\"single\":\"NaN\"", json, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"inner_list":[{"id":"a"}]}""")]
    [InlineData("""{"innerList":[{"id":"a"}]}""")]
    [InlineData("""{"unknown":{"deep":[1,{"innerList":5}]},"innerList":[{"id":"a","also":null}]}""")]
    [InlineData("""{"innerList":[{"id":"x"},{"id":"y"}],"inner_list":[{"id":"b","id":"a"}]}""")]
    [InlineData("""{"text":null,"innerList":[{"id":"a"}],"inner":null,"firstChoice":null,"wrapped":null}""")]
    [InlineData("""{"text":"gone","text":null,"innerList":[{"id":"a"}]}""")]
    public void Both_spellings_unknown_fields_repeated_names_and_null_mean_the_same(string json) =>
        Assert.Equal(new Everything { InnerList = { new Inner { Id = "a" } } }, Read(json));

    [Theory]
    [InlineData("RED", "\"RED\"")]
    [InlineData("RED", "1")]
    [InlineData("RED", "\"1\"")]
    public void Enums_are_read_by_name_or_number(string name, string json) =>
        Assert.Equal(name, Read($$"""{"colour":{{json}}}""").Colour.ToString().ToUpperInvariant());

    [Theory]
    [InlineData("+/8=")]
    [InlineData("+/8")]
    [InlineData("-_8")]
    public void Bytes_are_read_in_either_alphabet_padded_or_not(string base64) =>
        Assert.Equal(new byte[] { 0xFB, 0xFF }, Read($$"""{"data":"{{base64}}"}""").Data.ToByteArray());

    [Fact]
    public void Nesting_beyond_the_limit_is_refused()
    {
        string deepest = Nested(JsonMessageReader.DepthMaximum);
        Assert.Null(JsonMessageReader.Merge(new(Encoding.UTF8.GetBytes(deepest)), new Everything()));
        Assert.StartsWith("malformed JSON at line 1, position ", Fault(Nested(JsonMessageReader.DepthMaximum + 1)));
        Assert.StartsWith("malformed JSON at line 1, position ", Fault($$"""{"unknown":{{new string('[', 100_000)}}"""));
    }

    [Fact]
    public void A_document_cut_anywhere_into_segments_reads_the_same()
    {
        byte[] json = Encoding.UTF8.GetBytes(
            """{"large":-9223372036854775808,"text":"тест\u00e9","innerList":[{"id":"a"}],"skipped":{"x":[1,"y"]}}""");
        Everything expected = Read(Encoding.UTF8.GetString(json));
        for (int cut = 1; cut < json.Length; cut++)
        {
            var first = new Segment(json.AsMemory(0, cut), null);
            var last = new Segment(json.AsMemory(cut), first);
            var read = new Everything();
            Assert.Null(JsonMessageReader.Merge(new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length), read));
            Assert.Equal(expected, read);
        }
    }

    private static string Nested(int depth) =>
        string.Concat(Enumerable.Repeat("{\"inner\":", depth - 1)) + "{}" + new string('}', depth - 1);

    private static Everything Read(string json)
    {
        var message = new Everything();
        Assert.Null(JsonMessageReader.Merge(new(Encoding.UTF8.GetBytes(json)), message));
        return message;
    }

    private static string? Fault(string json) => JsonMessageReader.Merge(new(Encoding.UTF8.GetBytes(json)), new Everything());

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? previous)
        {
            Memory = memory;
            if (previous is null)
                return;
            RunningIndex = previous.RunningIndex + previous.Memory.Length;
            previous.Next = this;
        }
    }
}
