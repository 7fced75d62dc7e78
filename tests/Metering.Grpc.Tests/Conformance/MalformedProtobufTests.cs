using System.Buffers;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Metering.Grpc.Tests.Protos;

namespace Metering.Grpc.Tests;

/// <summary>A message that is not sound protobuf is refused with the path of the field at fault.</summary>
public sealed class MalformedProtobufTests
{
    private const int Rounds = 20_000;
    private const string Prefix = "the request message is malformed protobuf: ";
    private const string EndsInNumber = "the message ends within a number";

    private static readonly byte[] CutNumber = [0x80];

    private static readonly Dictionary<string, (byte[] Bytes, string Words)> Faults = new()
    {
        ["a tag that is cut"] = (CutNumber, EndsInNumber),
        ["field number 0"] = ([0, 1], "a field has the number 0"),
        ["a varint that is cut"] = ([.. Tag(1, 0), .. CutNumber], "large: the message ends within a number"),
        ["a varint of 11 bytes"] = (
            [.. Tag(1, 0), .. Enumerable.Repeat((byte)0xFF, 10), 1], "large: a number is longer than 10 bytes"),
        ["8 bytes that are cut"] = ([.. Tag(8, 1), 1, 2, 3], "real: the message ends within a number"),
        ["4 bytes that are cut"] = ([.. Tag(9, 5), 1, 2, 3], "single: the message ends within a number"),
        ["a length that is cut"] = ([.. Tag(11, 2), 0x80], "text: the message ends within a number"),
        ["a length that is too long"] = (
            [.. Tag(11, 2), 5, 1], "text: its length of 5 bytes reaches past the end of the message around it"),
        ["a length beyond 2 GiB"] = (
            [.. Tag(12, 2), 0xFF, 0xFF, 0xFF, 0xFF, 0x0F],
            "data: its length of 4294967295 bytes reaches past the end of the message around it"),
        ["text that is not UTF-8"] = (Bytes(11, [0xC3, 0x28]), "text: the text is not UTF-8"),
        ["text of a surrogate"] = (Bytes(11, [0xED, 0xA0, 0x80]), "text: the text is not UTF-8"),
        ["text within a message that is not UTF-8"] = (Bytes(16, Bytes(2, Bytes(1, [0xFF]))), "inner.inner.id: the text is not UTF-8"),
        ["a wrong wire type that is cut"] = ([.. Tag(14, 0), .. CutNumber], "moment: the message ends within a number"),
        ["wire type 6"] = (Tag(14, 6), "moment: wire type 6 does not exist"),
        ["wire type 7 in a message"] = (Bytes(16, Tag(3, 7)), "inner.quantity: wire type 7 does not exist"),
        ["a message within a message"] = (
            Bytes(16, Bytes(2, [.. Tag(3, 0), .. CutNumber])), "inner.inner.quantity: the message ends within a number"),
        ["a message longer than the one around it"] = (
            Bytes(16, [.. Tag(2, 2), 100]), "inner.inner: its length of 100 bytes reaches past the end of the message around it"),
        ["a tag within a message"] = (Bytes(16, CutNumber), "inner: the message ends within a number"),
        ["one of a list"] = (
            [.. Bytes(17, []), .. Bytes(17, Bytes(1, "id"u8.ToArray())), .. Bytes(17, []), .. Bytes(17, [.. Tag(3, 0), .. CutNumber])],
            "inner_list[3].quantity: the message ends within a number"),
        ["a packed list"] = (Bytes(18, [1, 2, .. CutNumber]), "large_list[0]: the message ends within a number"),
        ["a list that is not packed"] = (
            [.. Tag(18, 0), 1, .. Tag(18, 0), .. CutNumber], "large_list[1]: the message ends within a number"),
        ["a map"] = (
            [.. Bytes(19, Bytes(1, "a"u8.ToArray())), .. Bytes(19, [.. Tag(2, 0), .. CutNumber])],
            "counts[1].value: the message ends within a number"),
        ["a map of messages"] = (Bytes(20, Bytes(2, Bytes(1, [0xFF]))), "inner_by_number[0].value.id: the text is not UTF-8"),
        ["a well-known type"] = (Bytes(14, [.. Tag(2, 0), .. CutNumber]), "moment.nanos: the message ends within a number"),
        ["a field that is not known"] = ([.. Tag(99, 0), .. CutNumber], "99: the message ends within a number"),
        ["a group that does not end"] = (Tag(99, 3), "99: the message ends within a group"),
        ["a group that ends with another number"] = ([.. Tag(99, 3), .. Tag(98, 4)], "99: a group ends with another's number"),
        ["an end without a group"] = (Tag(99, 4), "a group ends that was not begun"),
        ["an end without a group in a message"] = (Bytes(16, Tag(2, 4)), "inner: a group ends that was not begun"),
        ["messages that are nested too deep"] = (
            Nested(101), $"{string.Join('.', Enumerable.Repeat("inner", 101))}: messages are nested deeper than 100"),
        ["groups that are nested too deep"] = (
            [.. Enumerable.Repeat(Tag(99, 3), 5000).SelectMany(tag => tag)],
            $"{string.Join('.', Enumerable.Repeat("99", 101))}: messages are nested deeper than 100"),
    };

    public static TheoryData<string> Names => new(Faults.Keys);

    [Theory]
    [MemberData(nameof(Names))]
    public void The_field_at_fault_is_named(string name)
    {
        (byte[] bytes, string words) = Faults[name];

        RpcStatus? refusal = RefusalOf(bytes);

        Assert.Equal((RpcCode.Internal, Prefix + words), (refusal?.Code, refusal?.Message));
    }

    [Fact]
    public void Deep_but_not_too_deep_is_read() => Assert.Null(RefusalOf(Nested(100)));

    [Fact]
    public void A_wire_type_that_is_not_the_fields_own_makes_it_an_unknown_field_and_no_fault()
    {
        byte[] bytes = [.. Tag(14, 0), 7, .. Tag(11, 5), 1, 2, 3, 4, .. Bytes(1, [0xFF])];

        Everything read = ProtobufCodec<Everything>.Instance.Read(new ReadOnlySequence<byte>(bytes));

        Assert.Equal((null, "", 0L), (read.Moment, read.Text, read.Large));
        Assert.Equal(bytes.Length, read.CalculateSize());
    }

    [Fact]
    public void Sound_messages_are_read()
    {
        var random = new Random(1);
        for (int round = 0; round < Rounds; round++)
        {
            Everything sound = RandomMessage(random);
            Assert.Equal(sound, ProtobufCodec<Everything>.Instance.Read(new ReadOnlySequence<byte>(sound.ToByteArray())));
        }
    }

    [Fact]
    public void Whatever_the_generated_parser_refuses_has_its_place_named()
    {
        var random = new Random(2);
        int refused = 0;
        for (int round = 0; round < Rounds; round++)
        {
            byte[] bytes = Damage(RandomMessage(random).ToByteArray(), random);
            string? fault = ProtobufFaultFinder.Find(bytes, Everything.Descriptor);
            if (IsReadByParser(bytes))
                continue;
            refused++;
            Assert.True(fault is not null, $"round {round}: nothing found in {Convert.ToHexString(bytes)}");
            Assert.Equal(Prefix + fault, RefusalOf(bytes)?.Message);
        }

        Assert.True(refused > Rounds / 20, $"{refused} refused: the damage is too slight");
    }

    private static bool IsReadByParser(byte[] bytes)
    {
        try
        {
            Everything.Parser.ParseFrom(bytes);
            return true;
        }
        catch (InvalidProtocolBufferException)
        {
            return false;
        }
    }

    private static RpcStatus? RefusalOf(byte[] bytes)
    {
        try
        {
            ProtobufCodec<Everything>.Instance.Read(new ReadOnlySequence<byte>(bytes));
            return null;
        }
        catch (RpcException refused)
        {
            return refused.Status;
        }
    }

    private static byte[] Tag(int number, int wireType) => Varint((uint)((number << 3) | wireType));

    private static byte[] Bytes(int number, byte[] content) => [.. Tag(number, 2), .. Varint((uint)content.Length), .. content];

    private static byte[] Varint(uint value) => value < 0x80 ? [(byte)value] : [(byte)(value | 0x80), .. Varint(value >> 7)];

    // Everything.inner, then Inner.inner again and again.
    private static byte[] Nested(int depth)
    {
        byte[] message = [];
        for (int level = 1; level < depth; level++)
            message = Bytes(2, message);
        return Bytes(16, message);
    }

    private static Everything RandomMessage(Random random)
    {
        var message = new Everything
        {
            Large = random.NextInt64() >> random.Next(64),
            Text = RandomText(random),
            Real = random.NextDouble(),
        };
        if (random.Next(2) == 0)
            message.Moment = new Timestamp { Seconds = random.NextInt64(), Nanos = random.Next() };
        for (int count = random.Next(4); count > 0; count--)
        {
            message.InnerList.Add(new Inner { Id = RandomText(random), Inner_ = new Inner { Quantity = random.NextInt64() } });
            message.LargeList.Add(random.NextInt64() >> random.Next(64));
            message.Counts[RandomText(random) + count] = random.Next();
        }

        return message;
    }

    private static string RandomText(Random random) => random.Next(3) == 0 ? "ключ ☺ 😈" : new string('a', random.Next(200));

    private static byte[] Damage(byte[] bytes, Random random)
    {
        var damaged = new List<byte>(bytes);
        for (int times = random.Next(1, 4); times > 0; times--)
        {
            int at = random.Next(damaged.Count);
            switch (random.Next(3))
            {
                case 0:
                    damaged[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    damaged.Insert(at, (byte)random.Next(256));
                    break;
                default:
                    damaged.RemoveRange(at, damaged.Count - at);
                    damaged.Add(0x80);
                    break;
            }
        }

        return [.. damaged];
    }
}
