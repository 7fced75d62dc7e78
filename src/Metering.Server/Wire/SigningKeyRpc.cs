using Metering.Contracts.V1;
using Metering.Grpc;
using Metering.Ledger;
using WireKey = Metering.Contracts.V1.SigningKey;

namespace Metering.Server;

/// <summary>Rotation of the keys that sign IAM tokens, for the holder of the admin token.</summary>
internal sealed class SigningKeyRpc(AdminGate admin, TokenAuthority tokens)
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss'Z'";

    /// <summary>The service, ready to be served.</summary>
    public RpcService Service() => new RpcService(SigningKeyServiceReflection.Descriptor.Services[0])
        .Guarded(admin.Guard)
        .UnaryOverStore<RotateSigningKeyRequest, RotateSigningKeyResponse>("Rotate", RotateAsync, Limits.MessageBytes);

    private async ValueTask<RpcResult<RotateSigningKeyResponse>> RotateAsync(RotateSigningKeyRequest request, RpcCall call)
    {
        IReadOnlyList<SigningKeyInUse> keys = await tokens.RotateSigningKeyAsync(request.DropOlder, call.CancellationToken);
        return new RotateSigningKeyResponse { Keys = { keys.Select(Describe) } };
    }

    private static WireKey Describe(SigningKeyInUse key) => new()
    {
        KeyId = key.Id,
        CreatedAt = key.CreatedAt.UtcDateTime.ToString(TimeFormat),
        VerifiesUntil = key.VerifiesUntil?.UtcDateTime.ToString(TimeFormat) ?? "",
    };
}
