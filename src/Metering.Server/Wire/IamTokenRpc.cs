using Google.Protobuf.WellKnownTypes;
using Metering.Grpc;
using Metering.Ledger;
using Yandex.Cloud.Iam.V1;
using Identity = Yandex.Cloud.Iam.V1.CreateIamTokenRequest.IdentityOneofCase;

namespace Metering.Server;

/// <summary>Exchanges proofs of identity for IAM tokens, and takes tokens out of use.</summary>
internal sealed class IamTokenRpc(Lazy<ITokenExchange> exchange, TokenAuthority tokens, AdminGate admin, CatalogHolder catalog, ExchangeRate? rate)
{
    /// <summary>The service, ready to be served.</summary>
    public RpcService Service() => new RpcService(IamTokenServiceReflection.Descriptor.Services[0])
        .Unary<CreateIamTokenRequest, CreateIamTokenResponse>("Create", Create, Limits.MessageBytes)
        .Unary<CreateIamTokenForServiceAccountRequest, CreateIamTokenResponse>("CreateForServiceAccount", CreateForServiceAccount, Limits.MessageBytes)
        .UnaryOverStore<RevokeIamTokenRequest, RevokeIamTokenResponse>("Revoke", RevokeAsync, Limits.MessageBytes);

    private ValueTask<RpcResult<CreateIamTokenResponse>> Create(CreateIamTokenRequest request, RpcCall call) => new(request.IdentityCase switch
    {
        Identity.Jwt => rate?.Take(call.HttpContext.Connection.RemoteIpAddress) is { } tooOften
            ? RefusalStatus.Of(tooOften)
            : Answer(exchange.Value.Exchange(request.Jwt, catalog.Current)),
        Identity.YandexPassportOauthToken => Invalid(
            "yandex_passport_oauth_token", "is not accepted here: there is no passport. Send a jwt signed with an authorized key"),
        _ => Invalid("jwt", "is required"),
    });

    // An account may ask for itself; the admin for anybody.
    private ValueTask<RpcResult<CreateIamTokenResponse>> CreateForServiceAccount(CreateIamTokenForServiceAccountRequest request, RpcCall call)
    {
        if (request.ServiceAccountId is not { Length: > 0 and <= Limits.IdCharacters })
            return new(Invalid("service_account_id", $"must have 1 to {Limits.IdCharacters} characters"));
        CatalogSnapshot snapshot = catalog.Current;
        if (admin.SeesTokenOf(call))
            return new(admin.Check(call) is { } stranger ? RefusalStatus.Of(stranger) : Answer(tokens.IssueForAdmin(request.ServiceAccountId, snapshot)));
        Authentication caller = tokens.Authenticate(call.RequestHeaders.Authorization, snapshot);
        return new(caller.Account is { } account
            ? Answer(tokens.IssueForServiceAccount(account, request.ServiceAccountId))
            : RefusalStatus.Of(caller.Refusal!));
    }

    // Whoever holds a token may end it.
    private async ValueTask<RpcResult<RevokeIamTokenResponse>> RevokeAsync(RevokeIamTokenRequest request, RpcCall call)
    {
        if (request.IamToken is not { Length: > 0 and <= Limits.IamTokenCharacters })
            return Invalid("iam_token", $"must have 1 to {Limits.IamTokenCharacters} characters");
        TokenRevocation revocation = await tokens.RevokeAsync(request.IamToken, call.CancellationToken);
        return revocation.SubjectId is { } subject ? new RevokeIamTokenResponse { SubjectId = subject } : RefusalStatus.Of(revocation.Refusal!);
    }

    private static RpcResult<CreateIamTokenResponse> Answer(TokenIssue issue) => issue.Token is { } token
        ? new CreateIamTokenResponse { IamToken = token.Text, ExpiresAt = Timestamp.FromDateTimeOffset(token.ExpiresAt) }
        : RefusalStatus.Of(issue.Refusal!);

    private static RpcStatus Invalid(string field, string problem) =>
        RefusalStatus.Of(Refusal.InvalidFields([new FieldFault(field, problem)]));
}
