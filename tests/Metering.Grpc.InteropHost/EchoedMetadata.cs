namespace Metering.Grpc.InteropHost;

/// <summary>The two headers that a client finds again in its answer.</summary>
internal static class EchoedMetadata
{
    private const string InitialName = "x-grpc-test-echo-initial";
    private const string TrailingName = "x-grpc-test-echo-trailing-bin";

    /// <summary>To be called first: response headers cannot be added once a handler has awaited.</summary>
    /// <exception cref="RpcException">What came cannot be echoed.</exception>
    public static void Take(RpcCall call)
    {
        foreach (string? value in call.RequestHeaders[InitialName])
            call.AddHeader(InitialName, value ?? "");
        if (!call.TryReadBinaryHeader(TrailingName, out IReadOnlyList<byte[]> values))
            throw new RpcException(new RpcStatus(RpcCode.InvalidArgument, $"{TrailingName} is not base64"));
        foreach (byte[] value in values)
            call.AddTrailer(TrailingName, value);
    }
}
