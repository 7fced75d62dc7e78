using Metering.Grpc;
using Metering.Ledger;
using Current = Yandex.Cloud.Marketplace.Metering.V1;
using Older = Yandex.Cloud.Marketplace.V1.Metering;

namespace Metering.Server;

/// <summary>The three Write methods of the contract, all one path.</summary>
internal static class WriteRpc
{
    private static readonly UsageWriteCodec ProductUsage = new(UsageKind.ProductInstance);
    private static readonly UsageWriteCodec ImageProductUsage = new(UsageKind.Image);
    private static readonly UsageVerdictCodec Verdicts = new();

    /// <summary>The services, ready to be served.</summary>
    public static IEnumerable<RpcService> Services(WritePath path) =>
    [
        new RpcService(Current.ProductUsageServiceReflection.Descriptor.Services[0])
            .Unary("Write", ProductUsage, Verdicts, path.WriteAsync, Limits.WriteMessageBytes),
        new RpcService(Current.ImageProductUsageServiceReflection.Descriptor.Services[0])
            .Unary("Write", ImageProductUsage, Verdicts, path.WriteAsync, Limits.WriteMessageBytes),
        new RpcService(Older.ImageProductUsageServiceReflection.Descriptor.Services[0])
            .Unary("Write", ImageProductUsage, Verdicts, path.WriteAsync, Limits.WriteMessageBytes),
    ];
}
