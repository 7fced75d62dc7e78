using System.Buffers.Binary;
using Google.Protobuf;
using Yandex.Cloud.Marketplace.Metering.V1;
using Reason = Yandex.Cloud.Marketplace.Metering.V1.RejectedUsageRecord.Types.Reason;

namespace Metering.Load.Tests;

public sealed class WriteAnswerTests
{
    private static readonly Guid[] Uuids =
        [.. Enumerable.Range(1, 25).Select(number => new Guid(number, 2, 3, [4, 5, 6, 7, 8, 9, 10, 11]))];

    [Fact]
    public void Every_verdict_is_counted_and_accepted_uuids_are_read()
    {
        var response = new WriteUsageResponse();
        response.Accepted.Add(Uuids[..3].Select(uuid => new AcceptedUsageRecord { Uuid = uuid.ToString().ToUpperInvariant() }));
        foreach (Reason reason in Enum.GetValues<Reason>())
        {
            var rejected = new RejectedUsageRecord { Uuid = Uuids[4].ToString(), Reason = reason };
            response.Rejected.Add(Enumerable.Repeat(rejected, 1 + (int)reason));
        }

        var verdicts = default(VerdictCounts);
        byte[] accepted = new byte[25 * WriteAnswer.UuidBytes];
        Assert.True(WriteAnswer.TryRead(Frame(response), ref verdicts, accepted));

        Assert.Equal(3, verdicts[VerdictCounts.Accepted]);
        Assert.Equal(1, verdicts[VerdictCounts.Unknown]);
        for (int reason = 1; reason <= 7; reason++)
            Assert.Equal(1 + reason, verdicts[reason]);
        Assert.Equal(3 + 36, verdicts.Total);
        for (int index = 0; index < 3; index++)
            Assert.Equal(Uuids[index], new Guid(accepted.AsSpan(index * WriteAnswer.UuidBytes, WriteAnswer.UuidBytes), bigEndian: true));
    }

    [Fact]
    public void Names_of_verdicts_are_those_of_the_wire()
    {
        var descriptor = RejectedUsageRecord.Descriptor.EnumTypes[0];
        for (int reason = 1; reason <= 7; reason++)
            Assert.Equal(descriptor.FindValueByNumber(reason).Name, VerdictCounts.Names[reason]);
        Assert.Equal("ACCEPTED", VerdictCounts.Names[VerdictCounts.Accepted]);
        Assert.Equal(VerdictCounts.Kinds, VerdictCounts.Names.Count);
        Assert.Equal("DUPLICATE", VerdictCounts.Names[VerdictCounts.Duplicate]);
    }

    [Fact]
    public void Every_truncation_is_refused()
    {
        var response = new WriteUsageResponse();
        response.Accepted.Add(new AcceptedUsageRecord { Uuid = Uuids[0].ToString() });
        response.Rejected.Add(new RejectedUsageRecord { Uuid = Uuids[1].ToString(), Reason = Reason.Duplicate });
        byte[] frame = Frame(response);
        for (int length = 0; length < frame.Length; length++)
        {
            var verdicts = default(VerdictCounts);
            Assert.False(WriteAnswer.TryRead(frame.AsSpan(0, length), ref verdicts, []));
        }
    }

    [Fact]
    public void A_compressed_answer_and_a_second_message_are_refused()
    {
        byte[] frame = Frame(new WriteUsageResponse());
        var verdicts = default(VerdictCounts);
        Assert.True(WriteAnswer.TryRead(frame, ref verdicts, []));
        Assert.False(WriteAnswer.TryRead([1, .. frame[1..]], ref verdicts, []));
        Assert.False(WriteAnswer.TryRead([.. frame, .. frame], ref verdicts, []));
    }

    [Fact]
    public void An_answer_in_pieces_is_the_same_answer()
    {
        var response = new WriteUsageResponse();
        response.Accepted.Add(Uuids.Select(uuid => new AcceptedUsageRecord { Uuid = uuid.ToString() }));
        byte[] frame = Frame(response);
        var slot = new RequestSlot(25, keepsAcceptedUuids: true);
        for (int pieceBytes = 1; pieceBytes <= frame.Length; pieceBytes += 61)
        {
            slot.Begin(1, 0);
            for (int offset = 0; offset < frame.Length; offset += pieceBytes)
                slot.Append(frame.AsSpan(offset, Math.Min(pieceBytes, frame.Length - offset)));
            Assert.True(slot.IsAnswerRead);
            Assert.Equal(25, slot.Verdicts[VerdictCounts.Accepted]);
        }
    }

    private static byte[] Frame(WriteUsageResponse response)
    {
        byte[] frame = new byte[5 + response.CalculateSize()];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), frame.Length - 5);
        response.WriteTo(frame.AsSpan(5));
        return frame;
    }
}
