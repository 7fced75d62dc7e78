using System.Net;
using System.Text.Json.Serialization;

namespace Metering.Attacks;

/// <summary>What an attacker knows of a server. The token is a valid one: the worst attacker has an account.</summary>
/// <param name="Http">host:port of cleartext HTTP/1.1.</param>
/// <param name="Grpc">host:port of cleartext HTTP/2.</param>
/// <param name="Https">host:port of TLS.</param>
/// <param name="Token">IAM token of an account that may write. Never printed.</param>
/// <param name="Instance">Product instance that the account may write for.</param>
/// <param name="Sku">SKU of that product.</param>
internal sealed record AttackTarget(string Http, string Grpc, string Https, string Token, string Instance, string Sku)
{
    [JsonIgnore]
    public IPEndPoint HttpEndPoint => IPEndPoint.Parse(Http);

    [JsonIgnore]
    public IPEndPoint GrpcEndPoint => IPEndPoint.Parse(Grpc);

    [JsonIgnore]
    public IPEndPoint HttpsEndPoint => IPEndPoint.Parse(Https);
}
