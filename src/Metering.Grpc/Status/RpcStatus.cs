using Google.Protobuf;

namespace Metering.Grpc;

/// <summary>How a call ended.</summary>
/// <param name="Code">The code.</param>
/// <param name="Message">For people: what is wrong, where, and what to do. Any characters.</param>
/// <param name="Details">
/// Messages of <c>google.rpc</c> (BadRequest, RetryInfo …); sent as <c>grpc-status-details-bin</c> and, over REST, as <c>details</c>.
/// </param>
public sealed record RpcStatus(RpcCode Code, string Message, IReadOnlyList<IMessage>? Details = null)
{
    /// <summary>Success, without a message.</summary>
    public static readonly RpcStatus Ok = new(RpcCode.Ok, "");
}
