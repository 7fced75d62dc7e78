using Metering.Contracts.V1;
using Yandex.Cloud.Endpoint;
using Yandex.Cloud.Iam.V1;

namespace Metering.Client;

/// <content>What operators and finance call: catalog, keys, tokens, totals. Each throws <see cref="MeteringException"/>.</content>
public sealed partial class MeteringClient
{
    /// <summary>Compares a catalog (YAML) with the one in force and, unless it is a dry run, applies it.</summary>
    public async Task<ApplyCatalogResponse> ApplyCatalogAsync(
        string yaml, string fileName, bool dryRun = false, CancellationToken cancellationToken = default) =>
        (await _caller.CallAsync(
            Methods.ApplyCatalog, new ApplyCatalogRequest { Yaml = yaml, FileName = fileName, DryRun = dryRun }, _administrator,
            cancellationToken)).Message;

    /// <summary>The catalog in force, as YAML.</summary>
    public async Task<GetCatalogResponse> GetCatalogAsync(CancellationToken cancellationToken = default) =>
        (await _caller.CallAsync(Methods.GetCatalog, new GetCatalogRequest(), _administrator, cancellationToken)).Message;

    /// <summary>Registers the public half of a key; the private one stays here.</summary>
    /// <returns>The key with the id and time that the server gave it.</returns>
    public async Task<AuthorizedKeyFile> RegisterKeyAsync(AuthorizedKeyFile key, CancellationToken cancellationToken = default)
    {
        var request = new RegisterKeyRequest
        {
            KeyId = key.Id,
            ServiceAccountId = key.ServiceAccountId,
            KeyAlgorithm = key.AlgorithmName,
            PublicKey = key.PublicKey,
        };
        RegisterKeyResponse answer = (await _caller.CallAsync(Methods.RegisterKey, request, _administrator, cancellationToken)).Message;
        return key.RegisteredAs(
            answer.KeyId,
            DateTimeOffset.TryParse(answer.CreatedAt, System.Globalization.CultureInfo.InvariantCulture, out DateTimeOffset createdAt)
                ? createdAt : key.CreatedAt);
    }

    /// <summary>Takes a key out of use, and with it every token that was issued for it.</summary>
    public async Task DeleteKeyAsync(string keyId, CancellationToken cancellationToken = default) =>
        await _caller.CallAsync(Methods.DeleteKey, new DeleteKeyRequest { KeyId = keyId }, _administrator, cancellationToken);

    /// <summary>Makes the server sign tokens with a new key. Tokens signed with older keys stay good until they end.</summary>
    /// <param name="dropOlder">Drops the older keys at once, and every token that they signed: for a key that leaked.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<RotateSigningKeyResponse> RotateSigningKeyAsync(bool dropOlder = false, CancellationToken cancellationToken = default) =>
        (await _caller.CallAsync(
            Methods.RotateSigningKey, new RotateSigningKeyRequest { DropOlder = dropOlder }, _administrator, cancellationToken)).Message;

    /// <summary>Exact totals of what was counted: of everything with the admin token, else of what is the service account's.</summary>
    public Task<QueryUsageResponse> QueryUsageAsync(QueryUsageRequest request, CancellationToken cancellationToken = default) =>
        CallReadAsync(Methods.QueryUsage, request, cancellationToken);

    /// <summary>Exchanges a key for a token. The client's own calls do this by themselves.</summary>
    public Task<IamToken> CreateTokenAsync(AuthorizedKeyFile key, CancellationToken cancellationToken = default) =>
        _exchange(key, cancellationToken);

    /// <summary>Takes a token out of use.</summary>
    /// <returns>The service account that it stood for.</returns>
    public async Task<string> RevokeTokenAsync(string token, CancellationToken cancellationToken = default) =>
        (await _caller.CallAsync(Methods.RevokeToken, new RevokeIamTokenRequest { IamToken = token }, new FixedToken(token),
            cancellationToken)).Message.SubjectId;

    /// <summary>Where each service of the server is.</summary>
    public async Task<IReadOnlyList<ApiEndpoint>> ListEndpointsAsync(CancellationToken cancellationToken = default) =>
        (await _caller.CallAsync(Methods.ListEndpoints, new ListApiEndpointsRequest(), FixedToken.None, cancellationToken))
            .Message.Endpoints;
}
