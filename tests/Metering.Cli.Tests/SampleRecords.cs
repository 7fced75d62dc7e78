using Google.Protobuf.WellKnownTypes;
using Metering.Contracts.V1;

namespace Metering.Cli.Tests;

/// <summary>Accepted records that tests of reading commands show.</summary>
internal static class SampleRecords
{
    public static readonly AcceptedRecord First = new()
    {
        Uuid = "00000000-0000-4000-8000-000000000001",
        ProductId = "p1",
        ProductInstanceId = "i1",
        BillingAccountId = "b1",
        SkuId = "s1",
        Unit = "core*hour",
        Quantity = long.MaxValue,
        Timestamp = new Timestamp { Seconds = 1_769_817_600, Nanos = 500_000_000 },
        Accepted = new Timestamp { Seconds = 1_769_817_610 },
        ServiceAccountId = "sa1",
        RequestId = "11111111-0000-4000-8000-000000000001",
    };

    public static readonly AcceptedRecord OfImage = new(First)
    {
        Uuid = "00000000-0000-4000-8000-000000000002", ProductInstanceId = "", Quantity = 2, Unit = "say \"GB\"",
    };

    public const string FirstAsCsv =
        "00000000-0000-4000-8000-000000000001,p1,i1,b1,s1,core*hour,9223372036854775807,2026-01-31T00:00:00.500Z,2026-01-31T00:00:10Z,"
        + "sa1,11111111-0000-4000-8000-000000000001";

    public const string FirstAsJson =
        """{"uuid":"00000000-0000-4000-8000-000000000001","product_id":"p1","product_instance_id":"i1","billing_account_id":"b1","sku_id":"s1","unit":"core*hour","quantity":"9223372036854775807","timestamp":"2026-01-31T00:00:00.500Z","accepted":"2026-01-31T00:00:10Z","service_account_id":"sa1","request_id":"11111111-0000-4000-8000-000000000001"}""";
}
