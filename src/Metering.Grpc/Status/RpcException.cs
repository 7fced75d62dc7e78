namespace Metering.Grpc;

/// <summary>Ends the call with a status from deep inside, where no result can be handed back.</summary>
public sealed class RpcException(RpcStatus status) : Exception($"{status.Code}: {status.Message}")
{
    /// <summary>What the caller is told.</summary>
    public RpcStatus Status { get; } = status;
}
