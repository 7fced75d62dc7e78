using Google.Protobuf;

namespace Metering.Client;

/// <summary>A method of the server.</summary>
/// <param name="Path">The HTTP path: <c>/package.Service/Method</c>.</param>
/// <param name="Parser">Reads the answer.</param>
/// <param name="IsRepeatable">Whether sending it again after an unknown outcome does no harm.</param>
internal sealed record RpcMethod<TRequest, TResponse>(string Path, MessageParser<TResponse> Parser, bool IsRepeatable)
    where TRequest : IMessage<TRequest>
    where TResponse : IMessage<TResponse>
{
    /// <summary>The method as people write it: <c>package.Service/Method</c>.</summary>
    public string Name => Path[1..];
}
