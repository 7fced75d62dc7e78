namespace Metering.Load;

/// <summary>Which Write method is called.</summary>
internal enum WriteService
{
    /// <summary>ProductUsageService: the owner is a product instance.</summary>
    Product,

    /// <summary>ImageProductUsageService: the owner is a product, the usage the caller's.</summary>
    Image,
}

/// <summary>How the outcome is printed.</summary>
internal enum OutputFormat
{
    Text,
    Json,
}

/// <summary>What is to be sent, where and how fast. Whoever makes it has checked it.</summary>
internal sealed record LoadOptions
{
    /// <summary>host:port of cleartext gRPC.</summary>
    public required string Address { get; init; }

    /// <summary>IAM token, without a scheme. Never printed.</summary>
    public required string Token { get; init; }

    public required WriteService Service { get; init; }

    /// <summary>Product instance or product, at most 50 characters.</summary>
    public required string Owner { get; init; }

    /// <summary>SKUs that the records take in turn, at most 50 characters each.</summary>
    public required IReadOnlyList<string> Skus { get; init; }

    /// <summary>Records in each request, 1 to 25.</summary>
    public required int Records { get; init; }

    public required int Connections { get; init; }

    /// <summary>Requests in flight on each connection.</summary>
    public required int Streams { get; init; }

    /// <summary>Time of sending; null with <see cref="Requests"/>.</summary>
    public required double? Seconds { get; init; }

    /// <summary>Time of sending before that, whose answers are not counted; 0 for none.</summary>
    public double WarmSeconds { get; init; }

    /// <summary>Number of requests; null with <see cref="Seconds"/>.</summary>
    public required long? Requests { get; init; }

    /// <summary>Share of records, 0 to 100, that repeat the uuid of a record that was counted already.</summary>
    public required double DuplicatesPercent { get; init; }

    public required UuidVersion Uuid { get; init; }

    /// <summary>
    /// Number from which the uuids follow, so that another run sends the same ones: with the same version 4, connections, records and
    /// <see cref="Requests"/>, and without duplicates. Null for uuids that nobody sent before.
    /// </summary>
    public long? Seed { get; init; }

    /// <summary>Records a second over all connections; 0 for as fast as answers come.</summary>
    public required double RecordsPerSecond { get; init; }

    public required OutputFormat Output { get; init; }

    /// <summary>File that takes the uuids of acknowledged records; null for none.</summary>
    public required string? AcknowledgedPath { get; init; }

    /// <summary>Path of the method.</summary>
    public string Path => Service == WriteService.Product
        ? "/yandex.cloud.marketplace.metering.v1.ProductUsageService/Write"
        : "/yandex.cloud.marketplace.metering.v1.ImageProductUsageService/Write";
}
