using System.Text;
using Google.Protobuf;
using Metering.Ledger;
using Yandex.Cloud.Marketplace.Metering.V1;
using Record = Metering.Ledger.UsageRecord;

namespace Metering.Server.Tests;

/// <summary>The verdicts on the wire are byte for byte what the general encoder would write.</summary>
public class UsageVerdictCodecTests
{
    [Fact]
    public void Verdicts_are_encoded_as_the_general_encoder_does()
    {
        var random = new Random(1);
        for (int round = 0; round < 2_000; round++)
        {
            var write = new UsageWrite();
            var expected = new WriteUsageResponse();
            int position = 0;
            for (int count = random.Next(Limits.RecordsPerWrite + 1); count > 0; count--)
            {
                string uuid = random.Next(5) == 0 ? "" : new string('ü', random.Next(1, 90));
                var verdict = (Verdict)random.Next(8);
                ref Record record = ref write.AddRecord();
                record.UuidText = new TextSlice(position, Encoding.UTF8.GetBytes(uuid, write.Payload.AsSpan(position)));
                record.Verdict = verdict;
                position += record.UuidText.Length;
                if (position > write.Payload.Length - 200)
                    position = 0; // texts may overlap only once they are encoded: start over with empty ones
                if (verdict == Verdict.Accepted)
                    expected.Accepted.Add(new AcceptedUsageRecord { Uuid = uuid });
                else
                    expected.Rejected.Add(new RejectedUsageRecord { Uuid = uuid, Reason = UsageVerdictCodec.ReasonOf(verdict) });
                if (position == 0)
                    break;
            }

            var codec = new UsageVerdictCodec();
            byte[] bytes = new byte[codec.SizeOf(write)];
            codec.Write(write, bytes);
            Assert.Equal(expected.ToByteArray(), bytes);
        }
    }

    [Theory]
    [InlineData(Verdict.InvalidId, "INVALID_ID", 7)]
    [InlineData(Verdict.InvalidSkuId, "INVALID_SKU_ID", 4)]
    [InlineData(Verdict.InvalidProductId, "INVALID_PRODUCT_ID", 5)]
    [InlineData(Verdict.Duplicate, "DUPLICATE", 1)]
    [InlineData(Verdict.Expired, "EXPIRED", 2)]
    [InlineData(Verdict.InvalidTimestamp, "INVALID_TIMESTAMP", 3)]
    [InlineData(Verdict.InvalidQuantity, "INVALID_QUANTITY", 6)]
    public void Each_rejection_has_its_number_and_name(Verdict verdict, string name, int number)
    {
        Assert.Equal(number, (int)UsageVerdictCodec.ReasonOf(verdict));
        Assert.Equal(name, UsageVerdictCodec.NameOf(verdict));
    }
}
