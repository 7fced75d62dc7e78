namespace Metering.Grpc;

/// <summary>How a kind of call (gRPC or REST) tells its client the outcome.</summary>
internal interface ICallWire
{
    /// <summary>Answers with the status and completes the response, while the handler may still be running.</summary>
    Task AnswerEarlyAsync(RpcCall call, RpcStatus status);
}
