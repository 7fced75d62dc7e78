using Metering.Contracts.V1;
using Metering.Grpc;
using Metering.Ledger;
using WireFault = Metering.Contracts.V1.CatalogFault;
using WireAction = Metering.Contracts.V1.CatalogChange.Types.Action;

namespace Metering.Server;

/// <summary>Administration of the catalog and its keys, for the holder of the admin token.</summary>
internal sealed class CatalogRpc(AdminGate admin, CatalogRegistry registry, CatalogHolder catalog)
{
    /// <summary>The service, ready to be served.</summary>
    public RpcService Service() => new RpcService(CatalogServiceReflection.Descriptor.Services[0])
        .Guarded(admin.Guard)
        .UnaryOverStore<ApplyCatalogRequest, ApplyCatalogResponse>("Apply", ApplyAsync, Limits.CatalogBytes + Limits.CatalogEnvelopeBytes)
        .Unary<GetCatalogRequest, GetCatalogResponse>("Get", Get, Limits.MessageBytes)
        .UnaryOverStore<RegisterKeyRequest, RegisterKeyResponse>("RegisterKey", RegisterKeyAsync, Limits.MessageBytes)
        .UnaryOverStore<DeleteKeyRequest, DeleteKeyResponse>("DeleteKey", DeleteKeyAsync, Limits.MessageBytes);

    private async ValueTask<RpcResult<ApplyCatalogResponse>> ApplyAsync(ApplyCatalogRequest request, RpcCall call)
    {
        string fileName = request.FileName.Length == 0 ? "catalog" : request.FileName;
        CatalogApplication application = await registry.ApplyAsync(request.Yaml, fileName, request.DryRun, call.CancellationToken);
        return new ApplyCatalogResponse
        {
            Faults = { application.Faults.Select(fault => new WireFault { Line = fault.Line, Column = fault.Column, Reason = fault.Reason }) },
            Changes = { application.Differences.Select(Describe) },
            Version = application.Version,
            DryRun = request.DryRun,
        };
    }

    private ValueTask<RpcResult<GetCatalogResponse>> Get(GetCatalogRequest request, RpcCall call)
    {
        StoredCatalog stored = catalog.Current.Stored;
        return new(new GetCatalogResponse { Yaml = CatalogRegistry.ExportYaml(stored), Version = stored.Version });
    }

    private async ValueTask<RpcResult<RegisterKeyResponse>> RegisterKeyAsync(RegisterKeyRequest request, RpcCall call)
    {
        KeyRegistration registration = await registry.RegisterKeyAsync(
            request.KeyId, request.ServiceAccountId, request.KeyAlgorithm, request.PublicKey, call.CancellationToken);
        return registration.Key is { } key
            ? new RegisterKeyResponse
            {
                KeyId = key.Id,
                ServiceAccountId = key.ServiceAccountId,
                CreatedAt = key.CreatedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'"),
            }
            : RefusalStatus.Of(registration.Refusal!);
    }

    private async ValueTask<RpcResult<DeleteKeyResponse>> DeleteKeyAsync(DeleteKeyRequest request, RpcCall call)
    {
        return await registry.DeleteKeyAsync(request.KeyId, call.CancellationToken) is { } refusal
            ? RefusalStatus.Of(refusal)
            : new DeleteKeyResponse();
    }

    private static CatalogChange Describe(CatalogDifference difference) => new()
    {
        Action = difference.Action switch
        {
            CatalogAction.Add => WireAction.Add,
            CatalogAction.Change => WireAction.Change,
            CatalogAction.Retire => WireAction.Retire,
            CatalogAction.Restore => WireAction.Restore,
            _ => WireAction.Unspecified,
        },
        Kind = difference.KindName,
        Id = difference.Id,
        Fields = { difference.Fields.Select(field => new FieldChange { Field = field.Field, Before = field.Before, After = field.After }) },
    };
}
