using System.Buffers;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Metering.Grpc;
using Metering.Ledger;
using Yandex.Cloud.Marketplace.Metering.V1;
using WireRecord = Yandex.Cloud.Marketplace.Metering.V1.UsageRecord;

namespace Metering.Server.Tests;

/// <summary>The purpose-built decoder understands exactly what the general one does, on sound and on damaged messages.</summary>
public class UsageWriteReaderTests
{
    private const int Messages = 20_000;

    [Fact]
    public void Sound_messages_are_read_as_the_general_parser_reads_them()
    {
        var random = new Random(20261121);
        for (int round = 0; round < Messages; round++)
        {
            WriteUsageRequest request = RandomRequest(random);
            Assert.Null(ParserAgreement.Difference(request, ParserAgreement.Read(request.ToByteArray())));
        }
    }

    [Fact]
    public void Damaged_messages_are_refused_or_read_as_the_general_parser_does()
    {
        var random = new Random(42);
        int refused = 0, read = 0;
        for (int round = 0; round < Messages; round++)
        {
            byte[] bytes = Damage(RandomRequest(random).ToByteArray(), random);
            Assert.Null(ParserAgreement.Fault(bytes, out bool isRead));
            (refused, read) = isRead ? (refused, read + 1) : (refused + 1, read);
        }

        Assert.True(refused > Messages / 20 && read > Messages / 20, $"{refused} refused, {read} read: the damage is one-sided");
    }

    [Theory]
    [InlineData("0A", "dry_run: the message ends within a number")] // field 1 (bool) as text, and truncated
    [InlineData("1205AB", "product_instance_id: its length of 5 bytes reaches past the end of the message around it")]
    [InlineData("1202C328", "product_instance_id: the text is not UTF-8")]
    [InlineData("08FFFFFFFFFFFFFFFFFFFF01", "dry_run: a number is longer than 10 bytes")]
    [InlineData("0008", "a field has the number 0")]
    [InlineData("0C", "a group ends that was not begun")]
    [InlineData("0B", "dry_run: the message ends within a group")]
    [InlineData("0B14", "dry_run: a group ends with another's number")]
    [InlineData("0F", "dry_run: wire type 7 does not exist")]
    [InlineData("1A0312FF01", "usage_records[0].sku_id: its length of 255 bytes reaches past the end of the message around it")]
    [InlineData("1A040A02C328", "usage_records[0].uuid: the text is not UTF-8")]
    [InlineData("1A001A001A001A0418012280", "usage_records[3].timestamp: the message ends within a number")]
    [InlineData("1A001A042202088F", "usage_records[1].timestamp.seconds: the message ends within a number")]
    public void Malformed_bytes_are_refused_as_internal_with_the_field(string hexadecimal, string words)
    {
        RpcException fault = Assert.Throws<RpcException>(() => ParserAgreement.Read(Convert.FromHexString(hexadecimal)));
        Assert.Equal((RpcCode.Internal, $"the request message is malformed protobuf: {words}"), (fault.Status.Code, fault.Status.Message));
    }

    [Fact]
    public void Damaged_messages_are_refused_in_the_words_of_the_general_codec()
    {
        var random = new Random(4711);
        int refused = 0;
        for (int round = 0; round < Messages; round++)
        {
            byte[] bytes = Damage(RandomRequest(random).ToByteArray(), random);
            if (RefusalOf(() => ParserAgreement.Read(bytes)) is not { } ours)
                continue;
            refused++;
            RpcStatus? general = RefusalOf(() => ProtobufCodec<WriteUsageRequest>.Instance.Read(new ReadOnlySequence<byte>(bytes)));
            Assert.True(ours == general, $"round {round}: {ours.Message} / {general?.Message}: {Convert.ToHexString(bytes)}");
        }

        Assert.True(refused > Messages / 20, $"{refused} refused: the damage is too slight");
    }

    [Fact]
    public void Groups_deeper_than_the_limit_are_refused_and_not_followed()
    {
        byte[] deep = [.. Enumerable.Repeat((byte)0x2B, 60_000)];
        Assert.Throws<RpcException>(() => ParserAgreement.Read(deep));
    }

    [Fact]
    public void A_message_in_many_segments_is_the_same_message()
    {
        byte[] bytes = RandomRequest(new Random(7)).ToByteArray();
        var write = new UsageWrite { Kind = UsageKind.ProductInstance };
        UsageWriteReader.Read(Segments(bytes), write);
        Assert.Null(ParserAgreement.Difference(WriteUsageRequest.Parser.ParseFrom(bytes), write));
    }

    [Fact]
    public void Records_beyond_25_are_counted_but_not_kept()
    {
        var request = new WriteUsageRequest();
        request.UsageRecords.AddRange(Enumerable.Range(0, 40).Select(_ => new WireRecord()));
        UsageWrite write = ParserAgreement.Read(request.ToByteArray());
        Assert.Equal(40, write.RecordCount);
        Assert.Equal(Limits.RecordsPerWrite, write.Records.Length);
    }

    private static RpcStatus? RefusalOf(Action read)
    {
        try
        {
            read();
            return null;
        }
        catch (RpcException refused)
        {
            return refused.Status;
        }
    }

    private static WriteUsageRequest RandomRequest(Random random)
    {
        var request = new WriteUsageRequest { DryRun = random.Next(2) == 0, ProductInstanceId = RandomText(random) };
        for (int count = random.Next(6); count > 0; count--)
        {
            request.UsageRecords.Add(new WireRecord
            {
                Uuid = RandomText(random),
                SkuId = RandomText(random),
                Quantity = random.NextInt64(long.MinValue, long.MaxValue) >> random.Next(64),
                Timestamp = random.Next(4) == 0 ? null : new Timestamp { Seconds = random.NextInt64() >> random.Next(64), Nanos = random.Next(int.MinValue, int.MaxValue) },
            });
        }

        return request;
    }

    private static string RandomText(Random random) => random.Next(4) switch
    {
        0 => "",
        1 => "ключ-" + random.Next(),
        _ => new string((char)random.Next('a', 'z'), random.Next(60)),
    };

    private static byte[] Damage(byte[] bytes, Random random)
    {
        var damaged = new List<byte>(bytes);
        for (int times = random.Next(1, 4); times > 0; times--)
        {
            int at = random.Next(damaged.Count + 1);
            switch (random.Next(4))
            {
                case 0 when at < damaged.Count:
                    damaged[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    damaged.Insert(at, (byte)random.Next(256));
                    break;
                case 2 when at < damaged.Count:
                    damaged.RemoveAt(at);
                    break;
                case 3:
                    damaged.RemoveRange(at, damaged.Count - at);
                    break;
            }
        }

        return [.. damaged];
    }

    private static ReadOnlySequence<byte> Segments(byte[] bytes)
    {
        var first = new Segment(bytes.AsMemory(0, 1), 0);
        Segment last = first;
        for (int index = 1; index < bytes.Length; index++)
            last = last.Append(bytes.AsMemory(index, 1));
        return new ReadOnlySequence<byte>(first, 0, last, 1);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long start) => (Memory, RunningIndex) = (memory, start);

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
