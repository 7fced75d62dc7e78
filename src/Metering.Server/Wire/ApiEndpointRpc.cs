using Metering.Grpc;
using Metering.Ledger;
using Yandex.Cloud.Endpoint;

namespace Metering.Server;

/// <summary>Tells SDKs where each service is: everything is this server, at its advertised address.</summary>
internal sealed class ApiEndpointRpc(Func<string> advertisedAddress)
{
    // Ids that SDKs look up, each once: the Java SDK refuses a list with an id twice.
    private static readonly string[] Ids = ["marketplace", "iam", "endpoint"];

    /// <summary>The service, ready to be served.</summary>
    public RpcService Service() => new RpcService(ApiEndpointServiceReflection.Descriptor.Services[0])
        .Unary<GetApiEndpointRequest, ApiEndpoint>("Get", Get, Limits.MessageBytes)
        .Unary<ListApiEndpointsRequest, ListApiEndpointsResponse>("List", List, Limits.MessageBytes);

    private ValueTask<RpcResult<ApiEndpoint>> Get(GetApiEndpointRequest request, RpcCall call) =>
        new(Ids.Contains(request.ApiEndpointId, StringComparer.Ordinal)
            ? Endpoint(request.ApiEndpointId)
            : RefusalStatus.Of(new Refusal(RefusalKind.NotFound, $"There is no endpoint '{request.ApiEndpointId}'; there are {string.Join(", ", Ids)}.")));

    private ValueTask<RpcResult<ListApiEndpointsResponse>> List(ListApiEndpointsRequest request, RpcCall call) =>
        new(new ListApiEndpointsResponse { Endpoints = { Ids.Select(Endpoint) } });

    private ApiEndpoint Endpoint(string id) => new() { Id = id, Address = advertisedAddress() };
}
