using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Google.Protobuf;

namespace Metering.Faults;

/// <summary>What a gRPC call was answered: status, message bytes, and the headers that came with them.</summary>
internal sealed record PlainAnswer(int Status, string Words, byte[] Message, HttpResponseHeaders Headers)
{
    /// <summary>The message, once it is sure that the call succeeded.</summary>
    public T Read<T>()
        where T : IMessage<T>, new()
    {
        return Status == 0
            ? new MessageParser<T>(() => new T()).ParseFrom(Message)
            : throw new FaultsException($"gRPC status {Status}: {Words}");
    }
}

/// <summary>gRPC by hand on HttpClient: frames, headers and trailers, nothing of the product's own client.</summary>
internal sealed class PlainClient : IDisposable
{
    private const int PrefixBytes = 5;

    /// <param name="address">Scheme, host and port.</param>
    /// <param name="authority">CA certificate to trust, and no other; null for cleartext.</param>
    public PlainClient(string address, string? authority = null)
    {
        var handler = new SocketsHttpHandler();
        if (authority is not null)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.ImportFromPemFile(authority);
            handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
        }

        Http = new HttpClient(handler)
        {
            BaseAddress = new Uri(address),
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
    }

    public HttpClient Http { get; }

    /// <summary>A unary call of <c>/package.Service/Method</c>.</summary>
    public async Task<PlainAnswer> CallAsync(string method, IMessage message, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, method)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(Frame(message)),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.Add("te", "trailers");
        foreach ((string name, string value) in headers)
            request.Headers.Add(name, value);
        using HttpResponseMessage response = await Http.SendAsync(request);
        string? type = response.Content.Headers.ContentType?.MediaType;
        if (response.StatusCode != HttpStatusCode.OK || type != "application/grpc")
            throw new FaultsException($"HTTP status {(int)response.StatusCode} and {type} instead of gRPC.");
        byte[] body = await response.Content.ReadAsByteArrayAsync();
        int status = int.Parse(Find(response, "grpc-status"));
        return new PlainAnswer(status, Find(response, "grpc-message"), status == 0 ? Unframe(body) : [], response.Headers);
    }

    /// <summary>GET over REST.</summary>
    public async Task<JsonElement> GetJsonAsync(string path) => JsonElement.Parse(await Http.GetStringAsync(path));

    public void Dispose() => Http.Dispose();

    private static byte[] Frame(IMessage message)
    {
        byte[] frame = new byte[PrefixBytes + message.CalculateSize()];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), frame.Length - PrefixBytes);
        message.WriteTo(frame.AsSpan(PrefixBytes));
        return frame;
    }

    private static byte[] Unframe(byte[] body)
    {
        return body[0] == 0 && BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(1)) == body.Length - PrefixBytes
            ? body[PrefixBytes..]
            : throw new FaultsException("The answer's frame is not what it says.");
    }

    // An answer without a message has its status among the headers (Trailers-Only), any other behind the message.
    private static string Find(HttpResponseMessage response, string name) =>
        response.TrailingHeaders.TryGetValues(name, out IEnumerable<string>? values) || response.Headers.TryGetValues(name, out values)
            ? Uri.UnescapeDataString(values.Single())
            : "";
}
