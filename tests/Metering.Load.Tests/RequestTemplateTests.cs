using System.Buffers.Binary;
using Yandex.Cloud.Marketplace.Metering.V1;

namespace Metering.Load.Tests;

/// <summary>What the load generator puts on the wire, as Google.Protobuf reads it.</summary>
public sealed class RequestTemplateTests
{
    private static readonly DateTimeOffset Time = new(2026, 3, 4, 5, 6, 7, 890, TimeSpan.Zero);

    [Theory]
    [InlineData(1, 1)]
    [InlineData(25, 1)]
    [InlineData(25, 3)]
    public void A_request_decodes_to_what_was_asked_for(int records, int skuCount)
    {
        string[] skus = [.. Enumerable.Range(1, skuCount).Select(number => new string('s', number * 16))];
        string owner = new('o', 50);
        var template = new RequestTemplate(owner, skus, records);
        template.SetTime(Time);
        byte[] body = new byte[template.BodyBytes];
        template.CopyTo(body);
        Guid[] uuids = [.. Enumerable.Range(1, records).Select(number => new Guid(number, 2, 3, [4, 5, 6, 7, 8, 9, 10, 11]))];
        for (int record = 0; record < records; record++)
            template.SetUuid(body, record, uuids[record]);

        Assert.Equal(0, body[0]);
        Assert.Equal(body.Length - 5, BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(1)));
        var request = WriteUsageRequest.Parser.ParseFrom(body, 5, body.Length - 5);
        Assert.False(request.DryRun);
        Assert.Equal(owner, request.ProductInstanceId);
        Assert.Equal(uuids.Select(uuid => uuid.ToString("D")), request.UsageRecords.Select(record => record.Uuid));
        IEnumerable<string> skusInTurn = Enumerable.Range(0, records).Select(index => skus[index % skuCount]);
        Assert.Equal(skusInTurn, request.UsageRecords.Select(record => record.SkuId));
        Assert.All(request.UsageRecords, record => Assert.InRange(record.Quantity, 1, 100));
        Assert.All(request.UsageRecords, record => Assert.Equal(Time, record.Timestamp.ToDateTimeOffset()));

        // The bytes are those that a protobuf library would send: no padded numbers, no unknown fields.
        Assert.Equal(body.Length - 5, request.CalculateSize());
    }

    [Fact]
    public void The_same_bytes_are_a_request_for_an_image_product()
    {
        var template = new RequestTemplate("product", ["sku"], 2);
        template.SetTime(Time);
        byte[] body = new byte[template.BodyBytes];
        template.CopyTo(body);

        var request = WriteImageProductUsageRequest.Parser.ParseFrom(body, 5, body.Length - 5);
        Assert.Equal("product", request.ProductId);
        Assert.Equal(2, request.UsageRecords.Count);
    }

    [Fact]
    public void The_time_can_be_set_anew_and_is_at_most_three_tenths_of_a_second_late()
    {
        var template = new RequestTemplate("product", ["sku"], 1);
        byte[] body = new byte[template.BodyBytes];
        for (int milliseconds = 0; milliseconds < 3000; milliseconds += 37)
        {
            DateTimeOffset time = Time.AddMilliseconds(milliseconds);
            template.SetTime(time);
            template.CopyTo(body);
            var request = WriteUsageRequest.Parser.ParseFrom(body, 5, body.Length - 5);
            Assert.InRange((request.UsageRecords[0].Timestamp.ToDateTimeOffset() - time).TotalSeconds, 0, 0.3);
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(7)]
    public void Uuids_have_their_version_and_are_all_different(int version)
    {
        byte[] seed = new byte[UuidSource.SeedBytes];
        new Random(3).NextBytes(seed);
        var source = new UuidSource((UuidVersion)version, seed);
        long unixMilliseconds = Time.ToUnixTimeMilliseconds();
        Guid[] uuids = [.. Enumerable.Range(0, 10_000).Select(_ => source.Next(unixMilliseconds))];

        Assert.Equal(uuids.Length, uuids.Distinct().Count());
        Assert.All(uuids, uuid => Assert.Equal(version, uuid.Version));
        Assert.All(uuids, uuid => Assert.InRange(uuid.Variant, 8, 11));
        string timePrefix = unixMilliseconds.ToString("x12");
        Assert.Equal(version == 7, uuids.All(uuid => uuid.ToString("N").StartsWith(timePrefix, StringComparison.Ordinal)));
    }
}
